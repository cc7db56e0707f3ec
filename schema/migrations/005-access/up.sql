-- Tokens, sessions and the access log are in a database of their own, beside
-- this one (schema/access): who signs in must not wait for a load. The number
-- stays taken, because it was given out before that was decided.
SELECT 1;
