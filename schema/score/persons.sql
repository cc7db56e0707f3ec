-- Everybody in PERSON, in every round; which of the rounds counts is decided
-- where they are read. A nation is another one only where a code says so.
SELECT HOSPCODE AS hcode, PID AS pid, CID AS cid, ROUND AS round, BIRTH AS birth,
       instr(:resident, '|' || TYPEAREA || '|') > 0 AS resident,
       ltrim(NATION, '0') <> ltrim(:thai, '0')
         AND NATION NOT GLOB '*[^0-9]*'
         AND instr(:nation_unknown, '|' || ltrim(NATION, '0') || '|') = 0 AS non_thai,
       DISCHARGE = :dead AS dead, DDISCHARGE AS died
FROM PERSON WHERE SUBMISSION <= :as_of
