BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE block (
	submission_id VARCHAR(16) NOT NULL,
	jurisdiction TEXT NOT NULL,
	instrument TEXT NOT NULL,
	form TEXT NOT NULL,
	freq TEXT NOT NULL,
	period TEXT NOT NULL,
	rows INTEGER NOT NULL,
	nil BOOLEAN NOT NULL,
	CONSTRAINT pk_block PRIMARY KEY (submission_id, jurisdiction, instrument, form, freq, period),
	CONSTRAINT fk_block_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);
INSERT INTO "block" VALUES('S6328a074dd3b590','QQ','justice','QQ-JUSTICE-OFFICE','Q','2025-Q3',2,0);
INSERT INTO "block" VALUES('S3fe5a34d7adc7bd','QQ','justice','QQ-JUSTICE-OFFICE','Q','2025-Q4',2,0);
INSERT INTO "block" VALUES('S4d474c853bef37e','QQ','justice','QQ-JUSTICE-OFFICE','Q','2025-Q4',2,0);
INSERT INTO "block" VALUES('Sb7cacfa08d83275','QQ','justice','QQ-JUSTICE-OFFICE','Q','2026-Q1',2,0);
INSERT INTO "block" VALUES('Saca7ac4b53d20fd','QQ','justice','QQ-JUSTICE-OFFICE','Q','2026-Q1',2,0);
CREATE TABLE event (
	event_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	submission_id VARCHAR(16) NOT NULL,
	at VARCHAR(20) NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	from_state TEXT,
	to_state TEXT NOT NULL,
	comment TEXT,
	payload JSON,
	CONSTRAINT fk_event_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);
INSERT INTO "event" VALUES(1,'S6328a074dd3b590','2026-02-10T21:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(2,'S6328a074dd3b590','2026-02-10T23:24:00Z','system','check','received','checked',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 0, "warnings": 0, "informations": 0, "justifiable": []}');
INSERT INTO "event" VALUES(3,'S6328a074dd3b590','2026-02-11T01:48:00Z','office','send','checked','sent',NULL,NULL);
INSERT INTO "event" VALUES(4,'S6328a074dd3b590','2026-02-11T09:00:00Z','secretariat','approve','sent','approved',NULL,NULL);
INSERT INTO "event" VALUES(5,'S3fe5a34d7adc7bd','2026-02-11T21:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(6,'S3fe5a34d7adc7bd','2026-02-11T23:24:00Z','system','check','received','checked',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 0, "warnings": 0, "informations": 0, "justifiable": []}');
INSERT INTO "event" VALUES(7,'S3fe5a34d7adc7bd','2026-02-12T01:48:00Z','office','send','checked','sent',NULL,NULL);
INSERT INTO "event" VALUES(8,'S3fe5a34d7adc7bd','2026-02-12T09:00:00Z','secretariat','approve','sent','approved',NULL,NULL);
INSERT INTO "event" VALUES(9,'S4d474c853bef37e','2026-02-13T21:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(10,'S4d474c853bef37e','2026-02-13T23:24:00Z','system','check','received','checked',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 0, "warnings": 0, "informations": 0, "justifiable": []}');
INSERT INTO "event" VALUES(11,'S4d474c853bef37e','2026-02-14T01:48:00Z','office','send','checked','sent',NULL,NULL);
INSERT INTO "event" VALUES(12,'S4d474c853bef37e','2026-02-14T09:00:00Z','secretariat','approve','sent','approved',NULL,NULL);
INSERT INTO "event" VALUES(13,'Sb7cacfa08d83275','2026-02-15T09:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(14,'Sb7cacfa08d83275','2026-02-15T11:24:00Z','system','check','received','checked',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 0, "warnings": 1, "informations": 0, "justifiable": [["aaaaaaaaaaaaaaaa", "rule.one"]]}');
INSERT INTO "event" VALUES(15,'Saca7ac4b53d20fd','2026-02-16T09:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(16,'Saca7ac4b53d20fd','2026-02-16T11:24:00Z','system','check','received','refused',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 2, "warnings": 0, "informations": 0, "justifiable": []}');
INSERT INTO "event" VALUES(17,'S881c49ea6f4a89b','2026-02-17T09:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(18,'Sb7cacfa08d83275','2026-02-17T11:24:00Z','office','justify','checked','checked',NULL,'{"reason": "large_case", "text": "Two large cases.", "findings": ["aaaaaaaaaaaaaaaa"]}');
CREATE TABLE justification (
	submission_id VARCHAR(16) NOT NULL,
	finding_key VARCHAR(16) NOT NULL,
	rule TEXT NOT NULL,
	reason TEXT NOT NULL,
	text TEXT NOT NULL,
	actor TEXT NOT NULL,
	at VARCHAR(20) NOT NULL,
	CONSTRAINT pk_justification PRIMARY KEY (submission_id, finding_key),
	CONSTRAINT fk_justification_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);
INSERT INTO "justification" VALUES('Sb7cacfa08d83275','aaaaaaaaaaaaaaaa','rule.one','large_case','Two large cases.','office','2026-02-17T11:24:00Z');
CREATE TABLE submission (
	submission_id VARCHAR(16) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	size BIGINT NOT NULL,
	filename TEXT NOT NULL,
	format TEXT,
	territory TEXT,
	form TEXT,
	kind TEXT,
	received_at VARCHAR(20) NOT NULL,
	sender TEXT NOT NULL,
	state TEXT NOT NULL,
	accepted_at VARCHAR(20),
	declaration_hash VARCHAR(64),
	rules_version TEXT,
	errors INTEGER,
	warnings INTEGER,
	informations INTEGER,
	corrects_submission_id VARCHAR(16),
	demonstration BOOLEAN NOT NULL,
	CONSTRAINT pk_submission PRIMARY KEY (submission_id),
	CONSTRAINT ck_submission_ck_submission_state CHECK (state in ('received', 'checked', 'refused', 'sent', 'approved', 'published', 'withdrawn')),
	CONSTRAINT ck_submission_ck_submission_kind CHECK (kind is null or kind in ('full', 'patch', 'nil'))
);
INSERT INTO "submission" VALUES('S6328a074dd3b590','99f9640da125435f2a8c65fc14b0605bea445dceb4a73f0f79488ba727c16774',100,'one.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-10T21:00:00Z','office','approved','2026-02-11T09:00:00Z','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,0,0,NULL,1);
INSERT INTO "submission" VALUES('S3fe5a34d7adc7bd','6c99ff1ed4d5ec6ea927c6a321d8f0b91b3edfe1c6e9a788ce864f4cd964ee7e',100,'two.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-11T21:00:00Z','office','approved','2026-02-12T09:00:00Z','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,0,0,NULL,1);
INSERT INTO "submission" VALUES('S4d474c853bef37e','a1b82200561ccc2b389c6648e301d37e0491eb7186be61b9b74a309b3e9bcc9e',100,'two_corrected.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-13T21:00:00Z','office','approved','2026-02-14T09:00:00Z','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,0,0,NULL,1);
INSERT INTO "submission" VALUES('Sb7cacfa08d83275','d935e04772ca734e1508e687940e55d2b970c662b30f6d3727eaa5fd761f1417',100,'warned.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-15T09:00:00Z','office','checked',NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,1,0,NULL,1);
INSERT INTO "submission" VALUES('Saca7ac4b53d20fd','10c4a026d1f29e56283ede8e51e1b595e49eda3d7385908700f2264d3d1615ac',100,'refused.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-16T09:00:00Z','office','refused',NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',2,0,0,NULL,1);
INSERT INTO "submission" VALUES('S881c49ea6f4a89b','0aed188229db86b0b519c5f32f8950ddd85c14b64c39b973e07f4b0b8cd4a9e1',100,'waiting.csv',NULL,NULL,NULL,NULL,'2026-02-17T09:00:00Z','office','received',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
CREATE INDEX ix_submission_sha256 ON submission (sha256);
CREATE INDEX ix_submission_state ON submission (state);
CREATE INDEX ix_block_key ON block (jurisdiction, instrument, form, freq, period);
CREATE INDEX ix_event_submission_id ON event (submission_id);
CREATE TRIGGER event_no_update before update on event begin select raise(abort, 'the event log is append-only'); end;
CREATE TRIGGER event_no_delete before delete on event begin select raise(abort, 'the event log is append-only'); end;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',18);
COMMIT;
