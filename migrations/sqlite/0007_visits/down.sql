DROP INDEX signing_tokens_signer;
DROP TABLE presence;
DROP TABLE settlements;
DROP TABLE preparations;
DROP TABLE orders;
DROP TABLE prechecks;
