-- Tokens and the access log.
SELECT 1;
