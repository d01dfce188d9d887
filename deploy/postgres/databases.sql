-- The two databases, each with an owner that can reach the other's in no way. The image runs this
-- once, as the superuser, when the data directory is empty; psql reads the passwords from the
-- environment, so that none is an argument of a process.
\getenv main_password MAIN_DATABASE_PASSWORD
\getenv auth_password AUTH_DATABASE_PASSWORD

CREATE ROLE isthmus LOGIN PASSWORD :'main_password';
CREATE ROLE isthmus_auth LOGIN PASSWORD :'auth_password';

CREATE DATABASE isthmus OWNER isthmus;
CREATE DATABASE isthmus_auth OWNER isthmus_auth;

-- Owners keep what they have; everybody else loses the right to connect.
REVOKE ALL ON DATABASE isthmus FROM PUBLIC;
REVOKE ALL ON DATABASE isthmus_auth FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
