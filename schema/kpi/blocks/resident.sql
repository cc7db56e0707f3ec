-- The area population [OPPP-2557 s. 15; DHDC-2015; SUB-HDC]: TYPEAREA 1 or 3, still there
-- (DISCHARGE 9), Thai; one row for a person and a unit that registers them so.
-- use: known
-- columns: person INTEGER, hcode TEXT, birth INTEGER, sex TEXT
-- key: person, hcode
SELECT person, hcode, min(birth), min(sex)
FROM known
WHERE typearea IN ('1', '3') AND discharge = '9' AND nation IN ('099', '99')
GROUP BY person, hcode
