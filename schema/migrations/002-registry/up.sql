-- Population registry, and the times at which a unit's rows were sent on.
SELECT 1;
