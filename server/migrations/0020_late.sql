-- Up Migration
-- Orders that came after something later of their member had been decided, or later than the program takes for granted:
-- decided by their own time, and listed here for who may want to re-rate.
create table earning.late_orders (
  program_id integer not null,
  order_id bigint not null,
  member_id bigint not null,
  occurred_at timestamptz not null,
  booked_at timestamptz not null,
  out_of_order boolean not null,
  primary key (program_id, order_id)
);
grant select, insert on earning.late_orders to fealty_app;
