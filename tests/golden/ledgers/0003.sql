BEGIN TRANSACTION;
CREATE TABLE account (
	account_id TEXT NOT NULL,
	display_name TEXT NOT NULL,
	email TEXT,
	language TEXT NOT NULL,
	password_hash TEXT,
	must_change BOOLEAN NOT NULL,
	failed INTEGER NOT NULL,
	locked_until VARCHAR(20),
	disabled BOOLEAN NOT NULL,
	issuer TEXT,
	subject TEXT,
	created_at VARCHAR(20) NOT NULL,
	created_by TEXT NOT NULL,
	signed_in_at VARCHAR(20),
	CONSTRAINT pk_account PRIMARY KEY (account_id),
	CONSTRAINT uq_account_issuer_subject UNIQUE (issuer, subject)
);
INSERT INTO "account" VALUES('office','Office',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('secretariat','secretariat',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('chief','chief',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-0','approver-0',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-1','approver-1',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-2','approver-2',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-3','approver-3',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('the-steward','Steward',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-02-20T09:00:00Z','system',NULL);
CREATE TABLE account_grant (
	account_id TEXT NOT NULL,
	role TEXT NOT NULL,
	jurisdiction TEXT NOT NULL,
	instrument TEXT NOT NULL,
	granted_at VARCHAR(20) NOT NULL,
	granted_by TEXT NOT NULL,
	CONSTRAINT pk_account_grant PRIMARY KEY (account_id, role, jurisdiction, instrument),
	CONSTRAINT fk_account_grant_account_id FOREIGN KEY(account_id) REFERENCES account (account_id),
	CONSTRAINT ck_account_grant_ck_account_grant_role CHECK (role in ('viewer', 'submitter', 'approver', 'steward'))
);
INSERT INTO "account_grant" VALUES('office','submitter','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('secretariat','approver','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('chief','approver','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-0','approver','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-1','approver','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-2','approver','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-3','approver','QQ','*','2026-02-20T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('the-steward','steward','*','*','2026-02-20T09:00:00Z','system');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE audit (
	seq INTEGER NOT NULL,
	at VARCHAR(20) NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	detail TEXT NOT NULL,
	previous VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,'2026-02-20T09:00:00Z','system','account.create','office','{"standing":"e8b835e992b46d031ccf52d832b43122c8bd84f265d70194a4afa4a5c2d8d5fd"}','0000000000000000000000000000000000000000000000000000000000000000','ef2ebed018f642187ae46dbbd26e468be2b3562662a017418d870654e83b9c20');
INSERT INTO "audit" VALUES(2,'2026-02-20T09:00:00Z','system','account.create','secretariat','{"standing":"a365d98e7485f00897b48628d3672cae61d21af954a0c0edd1e92995a94dad25"}','ef2ebed018f642187ae46dbbd26e468be2b3562662a017418d870654e83b9c20','cc023f3ba9d58d64fd1ccdf101aec7c34e127fbdc2551c0e62f63ded9a7d0e3c');
INSERT INTO "audit" VALUES(3,'2026-02-20T09:00:00Z','system','account.create','chief','{"standing":"83ad698b4d5d87c4f90e709d10cf39d7ca2758a813a84dd0af3ee26cc7a6621a"}','cc023f3ba9d58d64fd1ccdf101aec7c34e127fbdc2551c0e62f63ded9a7d0e3c','b35b804b76b03845605db8188f50c2bf1315f5465b862623c7fec5cb81ea3e18');
INSERT INTO "audit" VALUES(4,'2026-02-20T09:00:00Z','system','account.create','approver-0','{"standing":"2661cfc439fe478a57199ec0265731433adf02ccf61ed6ef779b9e33c3eb7ff8"}','b35b804b76b03845605db8188f50c2bf1315f5465b862623c7fec5cb81ea3e18','1d99e4bb92fb6bda062cfd8573b78f666c03cd29e19ae067d7793ba13e7dd0b6');
INSERT INTO "audit" VALUES(5,'2026-02-20T09:00:00Z','system','account.create','approver-1','{"standing":"ea16d1023891ff0e4b61a0c3c15fa225ba41d9539c18497caf2e0f9ee2644f83"}','1d99e4bb92fb6bda062cfd8573b78f666c03cd29e19ae067d7793ba13e7dd0b6','cb27fe5d181e8824b7416776c8aba955229a022c7e6019f3aefb10a1efcf5358');
INSERT INTO "audit" VALUES(6,'2026-02-20T09:00:00Z','system','account.create','approver-2','{"standing":"eae74dd15640d0c657372fdee02feeec70fa933448d8f71f3fcf0eb29ef64221"}','cb27fe5d181e8824b7416776c8aba955229a022c7e6019f3aefb10a1efcf5358','fc453eb75e4a1e29b07543f0a3da1d9d22f40978b7a93527d1679133a983c4ac');
INSERT INTO "audit" VALUES(7,'2026-02-20T09:00:00Z','system','account.create','approver-3','{"standing":"2ba7137a463b8d026fbd4c0f4c3cf94f707fc61c8479c65e99661670c0fd6704"}','fc453eb75e4a1e29b07543f0a3da1d9d22f40978b7a93527d1679133a983c4ac','d91132a7b9c529f97e91d6418a325aa4fcbc8d28b5db21b2812f0b6a6035be6c');
INSERT INTO "audit" VALUES(8,'2026-02-20T09:00:00Z','system','account.create','the-steward','{"standing":"0225a7915f85bcb46c8bbf9b646f1e9b9224f6d5cc5d1d1436877d48a1d69d06"}','d91132a7b9c529f97e91d6418a325aa4fcbc8d28b5db21b2812f0b6a6035be6c','c73656acf47280fa44a339c87a70cb69283d16e02bfa93084d350204af0deb57');
INSERT INTO "audit" VALUES(9,'2026-02-10T21:00:00Z','office','submission.receive','S6328a074dd3b590','{"digest":"66fe96e3420b07fcebdbc9913f3c947c4dd325fc78bdaf200969ba3e55efd980","event":1,"standing":"9845d90c70d8ca76b4a8174444dee2a258cb70125a7aa9a4763625c5f578a11a","state":"received"}','c73656acf47280fa44a339c87a70cb69283d16e02bfa93084d350204af0deb57','96d2fc745e0c837c6b369e3b0d9fc7fd730c230e8b7177582cd4c2091ae78d63');
INSERT INTO "audit" VALUES(10,'2026-02-10T23:24:00Z','system','submission.check','S6328a074dd3b590','{"digest":"e89454899923365883da72c9944a53bb982d86f279129fb57389cb49672193df","event":2,"standing":"75e896c429666cc6d42a3a6c1d03e54e705c08df0f22a72dbb3a06a718c915a3","state":"checked"}','96d2fc745e0c837c6b369e3b0d9fc7fd730c230e8b7177582cd4c2091ae78d63','236cc837c693e07485bd0b48c9f9200bd6336b7ed333e084cbfe84c3036ad305');
INSERT INTO "audit" VALUES(11,'2026-02-11T01:48:00Z','office','submission.send','S6328a074dd3b590','{"digest":"fa624beabc16ecae9c47436411c4aaf5af1fe9efca23bc65be98ebd23ad7f24a","event":3,"standing":"c3f10be6de09101c9f4fabd9a1c864f6a09a2717d82095f2d786ad895c497552","state":"sent"}','236cc837c693e07485bd0b48c9f9200bd6336b7ed333e084cbfe84c3036ad305','8508b2a54dcbd2a1121e76b4f3d0f13dfcd2cbb68bec90f0a5869b7653372628');
INSERT INTO "audit" VALUES(12,'2026-02-11T09:00:00Z','secretariat','submission.approve','S6328a074dd3b590','{"digest":"0a1f9af0bdbfbfce95cac29f5030ff72d693410656c637aad535bc8be3b0dc2f","event":4,"standing":"7a23e1108953742673c4df2b6e8441e44254c9014cc26bd8f640eebdadb78a3d","state":"approved"}','8508b2a54dcbd2a1121e76b4f3d0f13dfcd2cbb68bec90f0a5869b7653372628','040ce597cfee966b3a1ae8321e9b559e1ca6579d3dad2dc35c99377f320cc80e');
INSERT INTO "audit" VALUES(13,'2026-02-11T21:00:00Z','office','submission.receive','S3fe5a34d7adc7bd','{"digest":"f9a1552780d5856a05dc0ae32ca52845c8686a6f58dc13f9dd927ba2d1579e18","event":5,"standing":"7d320e54e1ff9a2dec03d79d3423db886f89db18f8fc27abbfe083316f626ee7","state":"received"}','040ce597cfee966b3a1ae8321e9b559e1ca6579d3dad2dc35c99377f320cc80e','dba9b506235b206dfb3617bf10060db5a904aa6bd506c559da6926ca85026217');
INSERT INTO "audit" VALUES(14,'2026-02-11T23:24:00Z','system','submission.check','S3fe5a34d7adc7bd','{"digest":"b47ae39a7a7d4be49321656abdf6165a69193d0c4681cd1496425e7f00db30bd","event":6,"standing":"2b7b6b5d7d2b3d356a5cab926c5520bbd1421de65f467bb889f02f76f8d55edc","state":"checked"}','dba9b506235b206dfb3617bf10060db5a904aa6bd506c559da6926ca85026217','a97e3b82efa463c68da6195466451669ddacea0f253a2887d294f488e10807df');
INSERT INTO "audit" VALUES(15,'2026-02-12T01:48:00Z','office','submission.send','S3fe5a34d7adc7bd','{"digest":"6eec1b49d53e111446599d8a198fb32546c4556d93eda37a2d5dc2236c420367","event":7,"standing":"13e836b6d54bf6867dbd27af9daed7e7f522058d741b47fb580bddff06a44d0b","state":"sent"}','a97e3b82efa463c68da6195466451669ddacea0f253a2887d294f488e10807df','88705a9f6a09809edb30433129c1d2874eb8551546fc8bd0e58ea0bd3e13e559');
INSERT INTO "audit" VALUES(16,'2026-02-12T09:00:00Z','secretariat','submission.approve','S3fe5a34d7adc7bd','{"digest":"85bcfee19e8c26515fa603c046562c4cd5dd84363e8286150ebfe00d81346f53","event":8,"standing":"1aeaa91fa09f590bcf721923855850fb586a570a881bdf8cd101425ec6a3eb20","state":"approved"}','88705a9f6a09809edb30433129c1d2874eb8551546fc8bd0e58ea0bd3e13e559','cbf2963394971ef4a7899bdf3d11cdb9f0b3e54c46199cefc6c42768951d5636');
INSERT INTO "audit" VALUES(17,'2026-02-13T21:00:00Z','office','submission.receive','S4d474c853bef37e','{"digest":"bcd2590d620fe9b593a505db3a4956d9b63e7abd9fa83c82fb018e88df24d595","event":9,"standing":"6d4ef69d8465b2d3756b5e7c365e57084d5f2b51c2e40dc1fdef31416d66bba6","state":"received"}','cbf2963394971ef4a7899bdf3d11cdb9f0b3e54c46199cefc6c42768951d5636','e96ce06b89514499f36622660dafac15641dadd87c59daded7c3f36ff13d060e');
INSERT INTO "audit" VALUES(18,'2026-02-13T23:24:00Z','system','submission.check','S4d474c853bef37e','{"digest":"8e8c9d5e7af5eb2d26d070020d42a66edd561e0a16291843fc2aa106fe9dc7a8","event":10,"standing":"8df053e38011b1e1a6e25647fdca8652db32298e593343e6f06ebd774c4152a7","state":"checked"}','e96ce06b89514499f36622660dafac15641dadd87c59daded7c3f36ff13d060e','f302412eb362993e486ac215cd3409e59de11572e32ea36627b99f605ff6e053');
INSERT INTO "audit" VALUES(19,'2026-02-14T01:48:00Z','office','submission.send','S4d474c853bef37e','{"digest":"e57be228deb93ce3d6ef2cae3aa4ee6f22d9f97e85da8da6574f119206002066","event":11,"standing":"7f66859b9120f02396a24c02d6fc5470d4f19345f8c349bb1e6e73b2def97807","state":"sent"}','f302412eb362993e486ac215cd3409e59de11572e32ea36627b99f605ff6e053','8f59a6c8e63aa13756cd8fd2c2004b72766e791a64ba7492eca47775bc12cc48');
INSERT INTO "audit" VALUES(20,'2026-02-14T09:00:00Z','secretariat','submission.approve','S4d474c853bef37e','{"digest":"10445724e9b4526c33abf9faddb5cf27c2f1fabc04fefbd7c67fb0d982931f27","event":12,"standing":"0e19e9f7a660d0fc21733b7360b7aea72ca3d87b8a5c7f1526897447a53bdb9a","state":"approved"}','8f59a6c8e63aa13756cd8fd2c2004b72766e791a64ba7492eca47775bc12cc48','fcb8acb54f963f670589d1076c64946cb95b6b8e1b5502a214921222051a6cbe');
INSERT INTO "audit" VALUES(21,'2026-02-15T09:00:00Z','office','submission.receive','Sb7cacfa08d83275','{"digest":"afe821b6f41fabc20cfbbc43d8305f27c67d8249c9e5eea8499c66801808de76","event":13,"standing":"903c70ad44951578e7d5c59033c7ec2dc1b14bbe7c0489a8cebc4c43270cf0fc","state":"received"}','fcb8acb54f963f670589d1076c64946cb95b6b8e1b5502a214921222051a6cbe','6ceef5af22961e8bcec4d85c9f24e9a05d6dce0cf530090936fefad40d7fb7f4');
INSERT INTO "audit" VALUES(22,'2026-02-15T11:24:00Z','system','submission.check','Sb7cacfa08d83275','{"digest":"8c1438b7644ad38ccdb5328572b707989f011e10d51d6a710763bbe6b9768899","event":14,"standing":"bd19c57b9e9f7da41f1a5870befac100392cba72b6757171367c43788ea70334","state":"checked"}','6ceef5af22961e8bcec4d85c9f24e9a05d6dce0cf530090936fefad40d7fb7f4','151350d8f25141744c536dd7c04728d6bd9c4b0a751009a3128510b46abf22a9');
INSERT INTO "audit" VALUES(23,'2026-02-16T09:00:00Z','office','submission.receive','Saca7ac4b53d20fd','{"digest":"8a9996a3a515bf079e27a7c38b5b329bc1e7201ab7c61786e3fefe2008a2a47a","event":15,"standing":"85e5e38b4a57e35ff40154ae59768cf7fe2d2f8df614f33ed44c4cfd12606e8d","state":"received"}','151350d8f25141744c536dd7c04728d6bd9c4b0a751009a3128510b46abf22a9','e558f4ae9fa29fa12f75a694227237565355398d895a322d9cb1609f5395caa4');
INSERT INTO "audit" VALUES(24,'2026-02-16T11:24:00Z','system','submission.check','Saca7ac4b53d20fd','{"digest":"b3070e5f4d21af537440cd8750bf354d7ddfdddac376698f2b0d694ef4126ff9","event":16,"standing":"b09996facee8a8100be7d8de6ea1803e82ec34d217ebf9d7227f4822f5e08d7a","state":"refused"}','e558f4ae9fa29fa12f75a694227237565355398d895a322d9cb1609f5395caa4','aeeb30cb918a15f0aeb2f5a9d9d4caabe02bd30532c500491f89c159b6475e28');
INSERT INTO "audit" VALUES(25,'2026-02-17T09:00:00Z','office','submission.receive','S881c49ea6f4a89b','{"digest":"68bd654aed4965863cbed5895565a4ab106981a3236cdc9bafd2b8fc228feecd","event":17,"standing":"d61034758bdba2fa09fb45b5f5ea0bbedf61f874f8a19b9b055927f8e818ec2c","state":"received"}','aeeb30cb918a15f0aeb2f5a9d9d4caabe02bd30532c500491f89c159b6475e28','aeffdb9c007d16b492fa084bc9538096e53cb304c79423d97d7227dc2a2479a0');
INSERT INTO "audit" VALUES(26,'2026-02-17T11:24:00Z','office','submission.justify','Sb7cacfa08d83275','{"digest":"b873379ba6710f799d6177805187eb60d5b8ab637ef48a58b938fe6061f6451c","event":18,"standing":"8b8d32e9203fe024029fe95d230416d47cfabe26f47a65ac2409fec3e6e5e7c0","state":"checked"}','aeffdb9c007d16b492fa084bc9538096e53cb304c79423d97d7227dc2a2479a0','c7afef73a491fa4b33ee62200e79a7c7af56b2690ae1593573f52a5d05f66336');
INSERT INTO "audit" VALUES(27,'2026-02-17T13:48:00Z','office','token.issue','f0ee56a70b90ff60','{"account":"office","standing":"2a3d2ba6f6ae76fb56cf1fb2c57d40c4b371e474dac0aa362e5fe72d341a4b1a"}','c7afef73a491fa4b33ee62200e79a7c7af56b2690ae1593573f52a5d05f66336','f7b9c42bb1e7379cd61e1d7bed3f29af785e5d2d42f23828c52e794f517faf36');
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
INSERT INTO "event" VALUES(3,'S6328a074dd3b590','2026-02-11T01:48:00Z','office','send','checked','sent',NULL,'{"reason": "late_data"}');
INSERT INTO "event" VALUES(4,'S6328a074dd3b590','2026-02-11T09:00:00Z','secretariat','approve','sent','approved',NULL,NULL);
INSERT INTO "event" VALUES(5,'S3fe5a34d7adc7bd','2026-02-11T21:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(6,'S3fe5a34d7adc7bd','2026-02-11T23:24:00Z','system','check','received','checked',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 0, "warnings": 0, "informations": 0, "justifiable": []}');
INSERT INTO "event" VALUES(7,'S3fe5a34d7adc7bd','2026-02-12T01:48:00Z','office','send','checked','sent',NULL,'{"reason": "late_data"}');
INSERT INTO "event" VALUES(8,'S3fe5a34d7adc7bd','2026-02-12T09:00:00Z','secretariat','approve','sent','approved',NULL,NULL);
INSERT INTO "event" VALUES(9,'S4d474c853bef37e','2026-02-13T21:00:00Z','office','receive',NULL,'received',NULL,NULL);
INSERT INTO "event" VALUES(10,'S4d474c853bef37e','2026-02-13T23:24:00Z','system','check','received','checked',NULL,'{"hash": "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "rules_version": "1", "errors": 0, "warnings": 0, "informations": 0, "justifiable": []}');
INSERT INTO "event" VALUES(11,'S4d474c853bef37e','2026-02-14T01:48:00Z','office','send','checked','sent',NULL,'{"reason": "late_data"}');
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
	at VARCHAR(20) NOT NULL, memory_key VARCHAR(16), expires_at VARCHAR(20),
	CONSTRAINT pk_justification PRIMARY KEY (submission_id, finding_key),
	CONSTRAINT fk_justification_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);
INSERT INTO "justification" VALUES('Sb7cacfa08d83275','aaaaaaaaaaaaaaaa','rule.one','large_case','Two large cases.','office','2026-02-17T11:24:00Z',NULL,NULL);
CREATE TABLE notice (
	notice_id VARCHAR(16) NOT NULL,
	account_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	content TEXT NOT NULL,
	created_at VARCHAR(20) NOT NULL,
	sent_at VARCHAR(20),
	attempts INTEGER NOT NULL,
	error TEXT,
	CONSTRAINT pk_notice PRIMARY KEY (notice_id),
	CONSTRAINT fk_notice_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
INSERT INTO "notice" VALUES('Nd6d4950b2a8098b','approver-0','to_approve','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('N460cfa86630810e','approver-1','to_approve','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('Nf40d8235f8e35f9','approver-2','to_approve','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('N068a23aa6cfd32f','approver-3','to_approve','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('Nbf6af982de1309b','chief','to_approve','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('N8ca122630881066','office','receipt','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('Nbeadc13841f2f1f','secretariat','to_approve','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T01:48:00Z',NULL,0,NULL);
INSERT INTO "notice" VALUES('N4f7bda17be2ab08','office','approved','{"instrument": "justice", "jurisdiction": "QQ", "periods": ["2025-Q4"], "submission_id": "S4d474c853bef37e"}','2026-02-14T09:00:00Z',NULL,0,NULL);
CREATE TABLE receipt (
	receipt_id VARCHAR(16) NOT NULL,
	submission_id VARCHAR(16) NOT NULL,
	at VARCHAR(20) NOT NULL,
	document TEXT NOT NULL,
	CONSTRAINT pk_receipt PRIMARY KEY (receipt_id),
	CONSTRAINT fk_receipt_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id)
);
INSERT INTO "receipt" VALUES('R000000000000001','S3fe5a34d7adc7bd','2026-02-14T09:00:00Z','{"receipt": true}');
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
	demonstration BOOLEAN NOT NULL, jurisdiction TEXT, instrument TEXT, revision_reason TEXT,
	CONSTRAINT pk_submission PRIMARY KEY (submission_id),
	CONSTRAINT ck_submission_ck_submission_state CHECK (state in ('received', 'checked', 'refused', 'sent', 'approved', 'published', 'withdrawn')),
	CONSTRAINT ck_submission_ck_submission_kind CHECK (kind is null or kind in ('full', 'patch', 'nil'))
);
INSERT INTO "submission" VALUES('S6328a074dd3b590','99f9640da125435f2a8c65fc14b0605bea445dceb4a73f0f79488ba727c16774',100,'one.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-10T21:00:00Z','office','approved','2026-02-11T09:00:00Z','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,0,0,NULL,1,'QQ','justice','late_data');
INSERT INTO "submission" VALUES('S3fe5a34d7adc7bd','6c99ff1ed4d5ec6ea927c6a321d8f0b91b3edfe1c6e9a788ce864f4cd964ee7e',100,'two.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-11T21:00:00Z','office','approved','2026-02-12T09:00:00Z','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,0,0,NULL,1,'QQ','justice','late_data');
INSERT INTO "submission" VALUES('S4d474c853bef37e','a1b82200561ccc2b389c6648e301d37e0491eb7186be61b9b74a309b3e9bcc9e',100,'two_corrected.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-13T21:00:00Z','office','approved','2026-02-14T09:00:00Z','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,0,0,NULL,1,'QQ','justice','late_data');
INSERT INTO "submission" VALUES('Sb7cacfa08d83275','d935e04772ca734e1508e687940e55d2b970c662b30f6d3727eaa5fd761f1417',100,'warned.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-15T09:00:00Z','office','checked',NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',0,1,0,NULL,1,'QQ','justice',NULL);
INSERT INTO "submission" VALUES('Saca7ac4b53d20fd','10c4a026d1f29e56283ede8e51e1b595e49eda3d7385908700f2264d3d1615ac',100,'refused.csv','csv','QQ','QQ-JUSTICE-1','full','2026-02-16T09:00:00Z','office','refused',NULL,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1',2,0,0,NULL,1,'QQ','justice',NULL);
INSERT INTO "submission" VALUES('S881c49ea6f4a89b','0aed188229db86b0b519c5f32f8950ddd85c14b64c39b973e07f4b0b8cd4a9e1',100,'waiting.csv',NULL,NULL,NULL,NULL,'2026-02-17T09:00:00Z','office','received',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
CREATE TABLE token (
	token_id VARCHAR(16) NOT NULL,
	account_id TEXT NOT NULL,
	label TEXT NOT NULL,
	hash VARCHAR(64) NOT NULL,
	grants TEXT NOT NULL,
	created_at VARCHAR(20) NOT NULL,
	expires_at VARCHAR(20) NOT NULL,
	revoked_at VARCHAR(20),
	used_at VARCHAR(20),
	CONSTRAINT pk_token PRIMARY KEY (token_id),
	CONSTRAINT uq_token_hash UNIQUE (hash),
	CONSTRAINT fk_token_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
INSERT INTO "token" VALUES('f0ee56a70b90ff60','office','monthly upload','3aee9e3a1df2609e6b30eb17b7bfdfe95bef65a8499c0f83719923c893730b8d','[["submitter","QQ","*"]]','2026-02-17T13:48:00Z','2026-05-18T13:48:00Z',NULL,NULL);
CREATE INDEX ix_submission_sha256 ON submission (sha256);
CREATE INDEX ix_block_key ON block (jurisdiction, instrument, form, freq, period);
CREATE TRIGGER event_no_update before update on event begin select raise(abort, 'the event log is append-only'); end;
CREATE TRIGGER event_no_delete before delete on event begin select raise(abort, 'the event log is append-only'); end;
CREATE INDEX ix_submission_jurisdiction ON submission (jurisdiction);
CREATE INDEX ix_justification_memory_key ON justification (memory_key);
CREATE INDEX ix_receipt_submission_id ON receipt (submission_id);
CREATE INDEX ix_token_account_id ON token (account_id);
CREATE INDEX ix_notice_account_id ON notice (account_id);
CREATE TRIGGER audit_no_update before update on audit begin select raise(abort, 'the table audit is append-only'); end;
CREATE TRIGGER audit_no_delete before delete on audit begin select raise(abort, 'the table audit is append-only'); end;
CREATE TRIGGER receipt_no_update before update on receipt begin select raise(abort, 'the table receipt is append-only'); end;
CREATE TRIGGER receipt_no_delete before delete on receipt begin select raise(abort, 'the table receipt is append-only'); end;
CREATE INDEX ix_submission_state ON submission (state, received_at, submission_id);
CREATE INDEX ix_submission_received_at ON submission (received_at, submission_id);
CREATE INDEX ix_block_period ON block (period);
CREATE INDEX ix_event_submission_id ON event (submission_id, action, event_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',18);
COMMIT;
