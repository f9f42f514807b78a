export {
  addDuration,
  type Duration,
  isTimeZone,
  localTime,
  offsetAt,
  parseDuration,
  startOf,
} from '#platform/calendar.ts';
