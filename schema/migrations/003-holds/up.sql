-- Money held by hand.
SELECT 1;
