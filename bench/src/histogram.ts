/**
 * A fixed histogram of latencies in microseconds: 128 buckets for each power of two, so that a figure read from it is
 * at most 0.8 % above the true one, in 26 KB and without an allocation for each value. The layout is that of HDR
 * histograms (Gil Tene): exact below 256, then logarithmic with a linear part.
 */
const PART_BITS = 7;
const PART = 1 << PART_BITS;
/** About 18 minutes; what took longer is counted as that. */
const LONGEST = 2 ** 30 - 1;
const BUCKETS = bucketOf(LONGEST) + 1;

/** A histogram as it travels between processes and into results: pairs of bucket and count, empty ones left out. */
export type StoredHistogram = [bucket: number, count: number][];

function bucketOf(microseconds: number): number {
  const shift = Math.max(0, 31 - Math.clz32(microseconds) - PART_BITS);
  return (shift << PART_BITS) + (microseconds >>> shift);
}

/** The largest value, in microseconds, that falls into a bucket. */
function upperEnd(bucket: number): number {
  if (bucket < 2 * PART) return bucket;
  const shift = (bucket >> PART_BITS) - 1;
  return (((bucket & (PART - 1)) + PART + 1) << shift) - 1;
}

export class Histogram {
  count = 0;
  readonly #counts = new Uint32Array(BUCKETS);

  /** Counts a latency given in milliseconds. */
  record(milliseconds: number): void {
    const microseconds = Math.min(LONGEST, Math.max(0, Math.round(milliseconds * 1000)));
    const bucket = bucketOf(microseconds);
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.count += 1;
  }

  /** The latency in milliseconds that `percent` (0 to 100) of the values do not exceed; NaN without values. */
  percentile(percent: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil((percent / 100) * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return upperEnd(bucket) / 1000;
    }
    throw new Error('the histogram holds fewer values than it counted');
  }

  stored(): StoredHistogram {
    const pairs: StoredHistogram = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) pairs.push([bucket, count]);
    return pairs;
  }

  static of(stored: StoredHistogram): Histogram {
    const histogram = new Histogram();
    for (const [bucket, count] of stored) {
      histogram.#counts[bucket] = count;
      histogram.count += count;
    }
    return histogram;
  }
}
