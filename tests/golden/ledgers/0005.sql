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
INSERT INTO "account" VALUES('office','Office',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('secretariat','secretariat',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('chief','chief',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-0','approver-0',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-1','approver-1',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-2','approver-2',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('approver-3','approver-3',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
INSERT INTO "account" VALUES('the-steward','Steward',NULL,'en',NULL,0,0,NULL,0,NULL,NULL,'2026-01-11T09:00:00Z','system',NULL);
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
INSERT INTO "account_grant" VALUES('office','submitter','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('secretariat','approver','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('chief','approver','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-0','approver','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-1','approver','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-2','approver','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('approver-3','approver','QQ','*','2026-01-11T09:00:00Z','system');
INSERT INTO "account_grant" VALUES('the-steward','steward','*','*','2026-01-11T09:00:00Z','system');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
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
INSERT INTO "audit" VALUES(1,'2026-01-11T09:00:00Z','system','account.create','office','{"standing":"b848271757a1ac187f778ff4f15c12d95b99616f3ecc7cb043fc613bfe5b20e2"}','0000000000000000000000000000000000000000000000000000000000000000','ea5c89ba4de3cc7204e368feeafbfb4dcb4b33bad594da2b5893b10e6fd03a78');
INSERT INTO "audit" VALUES(2,'2026-01-11T09:00:00Z','system','account.create','secretariat','{"standing":"9f6d8a3f4ad29ddcfa4e74dc515ae32959a3eae4c063f9f196fa5d1d2400d2b0"}','ea5c89ba4de3cc7204e368feeafbfb4dcb4b33bad594da2b5893b10e6fd03a78','e15326b17ebfb6015a9a835f4741ed69c9d134fcc65c7c2aa1fb6db9cbbc2238');
INSERT INTO "audit" VALUES(3,'2026-01-11T09:00:00Z','system','account.create','chief','{"standing":"a04762f35762beda2055d6374b6b2f72e47436f18abd7cd9b2bd9ad01c8b44dd"}','e15326b17ebfb6015a9a835f4741ed69c9d134fcc65c7c2aa1fb6db9cbbc2238','55e15e3b9fea0cfb7ed7237bd2f1d6857d0a50f3c7a1c7758db5cb0a2dc583b1');
INSERT INTO "audit" VALUES(4,'2026-01-11T09:00:00Z','system','account.create','approver-0','{"standing":"9842752ef60eb3053f669d4dbb5a76416346f3cb570cf5ede2b390d4bf115cfa"}','55e15e3b9fea0cfb7ed7237bd2f1d6857d0a50f3c7a1c7758db5cb0a2dc583b1','c141acbbf57290545289d6cdb96725d4325afa3fc29a8e760364a263f317b8c5');
INSERT INTO "audit" VALUES(5,'2026-01-11T09:00:00Z','system','account.create','approver-1','{"standing":"0638a642c756939cca3ceaba064891bd0c146f07bb15d7632dcc2af9695ebcf3"}','c141acbbf57290545289d6cdb96725d4325afa3fc29a8e760364a263f317b8c5','14dbf487bfdaf31f9ed06a7d49fdd19e16bbdcbdde931e489f15cb30f69b50f7');
INSERT INTO "audit" VALUES(6,'2026-01-11T09:00:00Z','system','account.create','approver-2','{"standing":"2f2db6bfd6a8b13ad310393d9f937ad25aeac0dfd41bbdf1808a15fdc0e52b71"}','14dbf487bfdaf31f9ed06a7d49fdd19e16bbdcbdde931e489f15cb30f69b50f7','c822911c6099447e9d6e88c79315dcc5776cdb0fa30a1550822e90a56b805279');
INSERT INTO "audit" VALUES(7,'2026-01-11T09:00:00Z','system','account.create','approver-3','{"standing":"4366850cfe5ecf403d54658ffa9696c57bc0326f95ef287a82de5281245a431c"}','c822911c6099447e9d6e88c79315dcc5776cdb0fa30a1550822e90a56b805279','cdca5556f49ba9051d53529581cd470a96d3bb4823c8cb67d0de0ded421550e7');
INSERT INTO "audit" VALUES(8,'2026-01-11T09:00:00Z','system','account.create','the-steward','{"standing":"304c036364ec52f05c0b73232cc9e3be2c914f6c7264ee0f57f9052a6210f020"}','cdca5556f49ba9051d53529581cd470a96d3bb4823c8cb67d0de0ded421550e7','361f39e4694b0823d795293dda0b34749f8ddf5c37c432991029d13e76a07171');
INSERT INTO "audit" VALUES(9,'2026-02-10T21:00:00Z','office','submission.receive','S6328a074dd3b590','{"digest":"66fe96e3420b07fcebdbc9913f3c947c4dd325fc78bdaf200969ba3e55efd980","event":1,"standing":"9845d90c70d8ca76b4a8174444dee2a258cb70125a7aa9a4763625c5f578a11a","state":"received"}','361f39e4694b0823d795293dda0b34749f8ddf5c37c432991029d13e76a07171','992ec2127aa8fc0d89f6603825602ae330c4ce8ca8d6a9f27a29cc58c61ef64f');
INSERT INTO "audit" VALUES(10,'2026-02-10T23:24:00Z','system','submission.check','S6328a074dd3b590','{"digest":"e89454899923365883da72c9944a53bb982d86f279129fb57389cb49672193df","event":2,"standing":"75e896c429666cc6d42a3a6c1d03e54e705c08df0f22a72dbb3a06a718c915a3","state":"checked"}','992ec2127aa8fc0d89f6603825602ae330c4ce8ca8d6a9f27a29cc58c61ef64f','32c0c7c9a9542f221f2f8b7e63497bb6d3948af699005a101d78cd5307ad05ab');
INSERT INTO "audit" VALUES(11,'2026-02-11T01:48:00Z','office','submission.send','S6328a074dd3b590','{"digest":"fa624beabc16ecae9c47436411c4aaf5af1fe9efca23bc65be98ebd23ad7f24a","event":3,"standing":"c3f10be6de09101c9f4fabd9a1c864f6a09a2717d82095f2d786ad895c497552","state":"sent"}','32c0c7c9a9542f221f2f8b7e63497bb6d3948af699005a101d78cd5307ad05ab','9c0ace6ecd2bb85b78447f55a1f8b2fb023288853531fee1429ebfe23e41fbf6');
INSERT INTO "audit" VALUES(12,'2026-02-11T09:00:00Z','secretariat','submission.approve','S6328a074dd3b590','{"digest":"0a1f9af0bdbfbfce95cac29f5030ff72d693410656c637aad535bc8be3b0dc2f","event":4,"standing":"7a23e1108953742673c4df2b6e8441e44254c9014cc26bd8f640eebdadb78a3d","state":"approved"}','9c0ace6ecd2bb85b78447f55a1f8b2fb023288853531fee1429ebfe23e41fbf6','225707dcead0e798c35229100b80838037cafb017a547b4ebf500dabe8b0cbec');
INSERT INTO "audit" VALUES(13,'2026-02-11T09:00:00Z','secretariat','facts.accept','S6328a074dd3b590','{"standing":"3e5bf28136c2433fc7df114695293cad9e7af9ed51451e6f045b247b1de27f77"}','225707dcead0e798c35229100b80838037cafb017a547b4ebf500dabe8b0cbec','cb5443df5805d20dbf8656005c8f06686b1ac32748500d8a55a4ea25cd85002a');
INSERT INTO "audit" VALUES(14,'2026-02-11T21:00:00Z','office','submission.receive','S3fe5a34d7adc7bd','{"digest":"f9a1552780d5856a05dc0ae32ca52845c8686a6f58dc13f9dd927ba2d1579e18","event":5,"standing":"7d320e54e1ff9a2dec03d79d3423db886f89db18f8fc27abbfe083316f626ee7","state":"received"}','cb5443df5805d20dbf8656005c8f06686b1ac32748500d8a55a4ea25cd85002a','5e1c7e331b49eaf5a715435761f7f95492a6fa5f7ae480c20c07d5212232cb81');
INSERT INTO "audit" VALUES(15,'2026-02-11T23:24:00Z','system','submission.check','S3fe5a34d7adc7bd','{"digest":"b47ae39a7a7d4be49321656abdf6165a69193d0c4681cd1496425e7f00db30bd","event":6,"standing":"2b7b6b5d7d2b3d356a5cab926c5520bbd1421de65f467bb889f02f76f8d55edc","state":"checked"}','5e1c7e331b49eaf5a715435761f7f95492a6fa5f7ae480c20c07d5212232cb81','a9d87ad16ded5711eee3cc20bf64ab29495dd5f614e0d6e230b83e7ea83d0120');
INSERT INTO "audit" VALUES(16,'2026-02-12T01:48:00Z','office','submission.send','S3fe5a34d7adc7bd','{"digest":"6eec1b49d53e111446599d8a198fb32546c4556d93eda37a2d5dc2236c420367","event":7,"standing":"13e836b6d54bf6867dbd27af9daed7e7f522058d741b47fb580bddff06a44d0b","state":"sent"}','a9d87ad16ded5711eee3cc20bf64ab29495dd5f614e0d6e230b83e7ea83d0120','425eaa6c7fde264b46578f7c557ea44df5ec1c5c44c2c5e129d9d885fbf7fa45');
INSERT INTO "audit" VALUES(17,'2026-02-12T09:00:00Z','secretariat','submission.approve','S3fe5a34d7adc7bd','{"digest":"85bcfee19e8c26515fa603c046562c4cd5dd84363e8286150ebfe00d81346f53","event":8,"standing":"1aeaa91fa09f590bcf721923855850fb586a570a881bdf8cd101425ec6a3eb20","state":"approved"}','425eaa6c7fde264b46578f7c557ea44df5ec1c5c44c2c5e129d9d885fbf7fa45','2cc8be7a6edf81f287108ee266e506f72ce089ab6ab30176aedcd044bf1ea4c4');
INSERT INTO "audit" VALUES(18,'2026-02-12T09:00:00Z','secretariat','facts.accept','S3fe5a34d7adc7bd','{"standing":"ea15a268ecb6402392f7bc01b0f38bb5d0e9a7cdf6534bd5ab54a3fa17d40f3e"}','2cc8be7a6edf81f287108ee266e506f72ce089ab6ab30176aedcd044bf1ea4c4','8393b02b7c4debeb1906ee2ad80efe7cb53ad858232d1dac2c357cb9b0e71320');
INSERT INTO "audit" VALUES(19,'2026-02-13T21:00:00Z','office','submission.receive','S4d474c853bef37e','{"digest":"bcd2590d620fe9b593a505db3a4956d9b63e7abd9fa83c82fb018e88df24d595","event":9,"standing":"6d4ef69d8465b2d3756b5e7c365e57084d5f2b51c2e40dc1fdef31416d66bba6","state":"received"}','8393b02b7c4debeb1906ee2ad80efe7cb53ad858232d1dac2c357cb9b0e71320','1e8d0f674d0ea3c4a110c2ec1587f4ed1696388d9b2f2b11a3184d28ed6406c0');
INSERT INTO "audit" VALUES(20,'2026-02-13T23:24:00Z','system','submission.check','S4d474c853bef37e','{"digest":"8e8c9d5e7af5eb2d26d070020d42a66edd561e0a16291843fc2aa106fe9dc7a8","event":10,"standing":"8df053e38011b1e1a6e25647fdca8652db32298e593343e6f06ebd774c4152a7","state":"checked"}','1e8d0f674d0ea3c4a110c2ec1587f4ed1696388d9b2f2b11a3184d28ed6406c0','985fb9c7a1332890d1b08e0828c67bf5b210dff711df5c84fc0b1eb003432903');
INSERT INTO "audit" VALUES(21,'2026-02-14T01:48:00Z','office','submission.send','S4d474c853bef37e','{"digest":"e57be228deb93ce3d6ef2cae3aa4ee6f22d9f97e85da8da6574f119206002066","event":11,"standing":"7f66859b9120f02396a24c02d6fc5470d4f19345f8c349bb1e6e73b2def97807","state":"sent"}','985fb9c7a1332890d1b08e0828c67bf5b210dff711df5c84fc0b1eb003432903','fcd9affdfefbe3f7975e16daaca4219c37f249a753c84f41818a7427b224b713');
INSERT INTO "audit" VALUES(22,'2026-02-14T09:00:00Z','secretariat','submission.approve','S4d474c853bef37e','{"digest":"10445724e9b4526c33abf9faddb5cf27c2f1fabc04fefbd7c67fb0d982931f27","event":12,"standing":"0e19e9f7a660d0fc21733b7360b7aea72ca3d87b8a5c7f1526897447a53bdb9a","state":"approved"}','fcd9affdfefbe3f7975e16daaca4219c37f249a753c84f41818a7427b224b713','20972bcb8aaa9d9fe9dc970c0f7dfef9c043391611bed8969d8cebf644e632b8');
INSERT INTO "audit" VALUES(23,'2026-02-14T09:00:00Z','secretariat','facts.accept','S4d474c853bef37e','{"standing":"6c88e85bd00479a11eca801fe4505e35457ff03e5adb0d1800ddf0301f9b8a43"}','20972bcb8aaa9d9fe9dc970c0f7dfef9c043391611bed8969d8cebf644e632b8','4e3d224478913cc8f9b9c52e7520e050ae74bca8fdab80a5cd52c7f1a6fcec6f');
INSERT INTO "audit" VALUES(24,'2026-02-15T09:00:00Z','office','submission.receive','Sb7cacfa08d83275','{"digest":"afe821b6f41fabc20cfbbc43d8305f27c67d8249c9e5eea8499c66801808de76","event":13,"standing":"903c70ad44951578e7d5c59033c7ec2dc1b14bbe7c0489a8cebc4c43270cf0fc","state":"received"}','4e3d224478913cc8f9b9c52e7520e050ae74bca8fdab80a5cd52c7f1a6fcec6f','fc63e13c4a6cf0fd5feb7021e077e691a2d3fad8e4478d26c6af9dc4f21787df');
INSERT INTO "audit" VALUES(25,'2026-02-15T11:24:00Z','system','submission.check','Sb7cacfa08d83275','{"digest":"8c1438b7644ad38ccdb5328572b707989f011e10d51d6a710763bbe6b9768899","event":14,"standing":"bd19c57b9e9f7da41f1a5870befac100392cba72b6757171367c43788ea70334","state":"checked"}','fc63e13c4a6cf0fd5feb7021e077e691a2d3fad8e4478d26c6af9dc4f21787df','e190689c00dc3f29ad31593272223e6f7790b888a93226cd6b25eaf3947826ca');
INSERT INTO "audit" VALUES(26,'2026-02-16T09:00:00Z','office','submission.receive','Saca7ac4b53d20fd','{"digest":"8a9996a3a515bf079e27a7c38b5b329bc1e7201ab7c61786e3fefe2008a2a47a","event":15,"standing":"85e5e38b4a57e35ff40154ae59768cf7fe2d2f8df614f33ed44c4cfd12606e8d","state":"received"}','e190689c00dc3f29ad31593272223e6f7790b888a93226cd6b25eaf3947826ca','df4a58da21b6c997fb02519b767e14ea35858bdb0b232a1e70560b3064f1a367');
INSERT INTO "audit" VALUES(27,'2026-02-16T11:24:00Z','system','submission.check','Saca7ac4b53d20fd','{"digest":"b3070e5f4d21af537440cd8750bf354d7ddfdddac376698f2b0d694ef4126ff9","event":16,"standing":"b09996facee8a8100be7d8de6ea1803e82ec34d217ebf9d7227f4822f5e08d7a","state":"refused"}','df4a58da21b6c997fb02519b767e14ea35858bdb0b232a1e70560b3064f1a367','50da30d82d24f321736bb1d97aae6a9bddae330638ed7e67ea98cf1f6fe68637');
INSERT INTO "audit" VALUES(28,'2026-02-17T09:00:00Z','office','submission.receive','S881c49ea6f4a89b','{"digest":"68bd654aed4965863cbed5895565a4ab106981a3236cdc9bafd2b8fc228feecd","event":17,"standing":"d61034758bdba2fa09fb45b5f5ea0bbedf61f874f8a19b9b055927f8e818ec2c","state":"received"}','50da30d82d24f321736bb1d97aae6a9bddae330638ed7e67ea98cf1f6fe68637','1b596ce2364cd995d79a31c2367ffa83f8afe411d8b3885e677032a675f38966');
INSERT INTO "audit" VALUES(29,'2026-02-17T11:24:00Z','office','submission.justify','Sb7cacfa08d83275','{"digest":"b873379ba6710f799d6177805187eb60d5b8ab637ef48a58b938fe6061f6451c","event":18,"standing":"8b8d32e9203fe024029fe95d230416d47cfabe26f47a65ac2409fec3e6e5e7c0","state":"checked"}','1b596ce2364cd995d79a31c2367ffa83f8afe411d8b3885e677032a675f38966','19959a1ee87008a65344b4bc2ee1cb6e29e051468f34cfddab4eb53148d469fb');
INSERT INTO "audit" VALUES(30,'2026-02-17T13:48:00Z','office','token.issue','95496514a637985a','{"account":"office","standing":"a324a3bdd383c9f63415706db4da50a7822f9687d8a16b233b6fee7067a7cd44"}','19959a1ee87008a65344b4bc2ee1cb6e29e051468f34cfddab4eb53148d469fb','beb58948c9cd2f4d75565f911f62389ac2ba6edafe705ad82d615b6ec9607085');
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
CREATE TABLE fact_file (
	submission_id VARCHAR(16) NOT NULL,
	facts_table TEXT NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	size BIGINT NOT NULL,
	CONSTRAINT pk_fact_file PRIMARY KEY (submission_id, facts_table),
	CONSTRAINT fk_fact_file_submission_id FOREIGN KEY(submission_id) REFERENCES submission (submission_id),
	CONSTRAINT ck_fact_file_ck_fact_file_facts_table CHECK (facts_table in ('observation', 'case_event'))
);
INSERT INTO "fact_file" VALUES('S6328a074dd3b590','observation','93016476a12d66cbd23522ce3a1c9e93b1c68653b88c9d69a9360566501f0f35',13575);
INSERT INTO "fact_file" VALUES('S3fe5a34d7adc7bd','observation','bf4ec315a08722f4fca46c0285d1dea9c4bc86d3f8330452b33a445ea9a02f58',13575);
INSERT INTO "fact_file" VALUES('S4d474c853bef37e','observation','0955b5cbb1c50b4226d691243e2af51ddef288b6c49bece96d8f477a4f2b87f0',13596);
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
INSERT INTO "token" VALUES('95496514a637985a','office','monthly upload','3a7f6abf648a7f6c4d2fdfbe60e83d8a20b14ab02d534af1bf5458b9f7e9b28c','[["submitter","QQ","*"]]','2026-02-17T13:48:00Z','2026-05-18T13:48:00Z',NULL,NULL);
CREATE TABLE web_session (
	session_id VARCHAR(16) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	account_id TEXT NOT NULL,
	issuer TEXT NOT NULL,
	subject TEXT NOT NULL,
	signed_in_seq BIGINT NOT NULL,
	created_at VARCHAR(20) NOT NULL,
	seen_at VARCHAR(20) NOT NULL,
	expires_at VARCHAR(20) NOT NULL,
	ended_at VARCHAR(20),
	user_agent TEXT NOT NULL,
	CONSTRAINT pk_web_session PRIMARY KEY (session_id),
	CONSTRAINT uq_web_session_hash UNIQUE (hash),
	CONSTRAINT fk_web_session_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
INSERT INTO "web_session" VALUES('W000000000000001','5555555555555555555555555555555555555555555555555555555555555555','office','local','office',3,'2026-02-14T09:00:00Z','2026-02-14T09:05:00Z','2026-02-14T21:00:00Z',NULL,'a browser');
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
CREATE TRIGGER fact_file_no_update before update on fact_file begin select raise(abort, 'the table fact_file is append-only'); end;
CREATE TRIGGER fact_file_no_delete before delete on fact_file begin select raise(abort, 'the table fact_file is append-only'); end;
CREATE INDEX ix_web_session_account_id ON web_session (account_id);
CREATE INDEX ix_audit_subject ON audit (subject, action, seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',18);
COMMIT;
