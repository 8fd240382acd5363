#!/bin/sh
# Makes the role and the database of DevOps Knowledge Share. The image postgres runs it once, before it serves.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
  --set role="$DB_ROLE_NAME" --set password="$DB_ROLE_PASSWORD" --set database="$DB_NAME" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
SQL
