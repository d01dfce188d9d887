-- The two databases, each with an owner that can reach the other's in no way. The image runs this
-- once, as the superuser, when the data directory is empty; psql reads the passwords from the
-- environment, so that none is an argument of a process.
\getenv main_password MAIN_DATABASE_PASSWORD
\getenv auth_password AUTH_DATABASE_PASSWORD

CREATE ROLE isthmus LOGIN PASSWORD :'main_password';
CREATE ROLE isthmus_auth LOGIN PASSWORD :'auth_password';

CREATE DATABASE isthmus OWNER isthmus;
CREATE DATABASE isthmus_auth OWNER isthmus_auth;

-- Who may do no more than they need; the owners, who may create no roles, give them their rights
-- to each table. They are for logins of the application's and of reports: GRANT isthmus_app TO ….
CREATE ROLE isthmus_app NOLOGIN;
CREATE ROLE isthmus_readonly NOLOGIN;

-- Owners keep what they have; everybody else loses the right to connect.
REVOKE ALL ON DATABASE isthmus FROM PUBLIC;
REVOKE ALL ON DATABASE isthmus_auth FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE isthmus, isthmus_auth TO isthmus_app, isthmus_readonly;
