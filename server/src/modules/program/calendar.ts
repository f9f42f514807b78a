export {
  addDuration,
  type Duration,
  isTimeZone,
  offsetAt,
  parseDuration,
  startOf,
} from '#platform/calendar.ts';
