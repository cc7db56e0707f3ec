-- Whom a unit knows, in any round: a person is the citizen ID as a number, as in
-- the block known, which takes a part of these rows.
SELECT HOSPCODE AS hcode, PID AS pid, CAST(CID AS BIGINT) AS person
FROM t_person WHERE CID IS NOT NULL
