-- use: growth
-- alone: unit
SELECT 'NUTRITION' AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day,
  said AS v_said, months AS v_months
FROM growth WHERE abs(said - months) > :off
