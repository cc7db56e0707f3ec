-- Values of KPIs that people report. The latest of a KPI, unit and period is
-- in force; what was entered before stays on record.
CREATE TABLE reported (
  id          INTEGER PRIMARY KEY,
  kpi         TEXT NOT NULL,
  unit        TEXT NOT NULL,
  period      TEXT NOT NULL,          -- as in contract §11: 2557, 2557Q3, 2557-01
  numerator   TEXT NOT NULL,          -- exact decimals, as written
  denominator TEXT NOT NULL,
  note        TEXT NOT NULL,
  by          TEXT NOT NULL,
  at          TEXT NOT NULL
) STRICT;
CREATE INDEX reported_in_force ON reported (kpi, period, unit, id);

-- Exports that have run.
