-- Up Migration
-- What counts in velocity windows goes when no window can need it any more.
grant delete on fraud.counted to fealty_app;
