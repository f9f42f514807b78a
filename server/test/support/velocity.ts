/*
 * Velocity as a person would work it out on paper: every order in one list, every window looked at each time. One member,
 * one unit.
 */

export interface PlainCheck {
  readonly id: string;
  readonly moreThan: number;
  readonly within: number;
  readonly window: 'tumbling' | 'sliding';
  readonly pause: number | null;
}

export type Fate = 'given' | 'held' | 'freed' | 'gone';

interface PlainCase {
  readonly at: number;
  readonly end: number;
  readonly checks: readonly PlainCheck[];
  state: 'open' | 'released' | 'confirmed';
}

export class PlainVelocity {
  readonly orders: { at: number; points: number; fate: Fate; by: PlainCase | undefined }[] = [];
  readonly cases: PlainCase[] = [];
  private readonly checks: readonly PlainCheck[];

  constructor(checks: readonly PlainCheck[]) {
    this.checks = checks;
  }

  private pause(at: number): PlainCase | undefined {
    const pauses = this.cases.filter(each => each.state !== 'released' && at >= each.at && at < each.end);
    return pauses.find(each => each.state === 'confirmed') ?? pauses[0];
  }

  private together({ window, within }: PlainCheck, a: number, b: number): boolean {
    return window === 'sliding'
      ? Math.abs(a - b) < within
      : Math.floor(a / within) === Math.floor(b / within);
  }

  /** Whether some window with `at` in it holds too much: one that ends with an order, or the aligned one. */
  private isFull(check: PlainCheck, at: number): boolean {
    const given = this.orders.filter(({ fate }) => fate === 'given');
    return given.some(last => {
      const isIn = (time: number) =>
        check.window === 'sliding'
          ? time <= last.at && time > last.at - check.within
          : this.together(check, time, at);
      const sum = given.reduce((all, order) => all + (isIn(order.at) ? order.points : 0), 0);
      return isIn(at) && sum > check.moreThan;
    });
  }

  order(at: number, points: number): void {
    const by = this.pause(at);
    const fate = by === undefined ? 'given' : by.state === 'confirmed' ? 'gone' : 'held';
    this.orders.push({ at, points, fate, by });
    if (by !== undefined || points === 0) return;
    const checks = this.checks.filter(
      check =>
        this.isFull(check, at) &&
        !this.cases.some(each => each.checks.includes(check) && this.together(check, each.at, at)),
    );
    const end = Math.max(at, ...checks.map(({ pause }) => at + (pause ?? 0)));
    if (checks.length > 0) this.cases.push({ at, end, checks, state: 'open' });
  }

  decide(which: PlainCase, state: 'released' | 'confirmed'): void {
    which.state = state;
    for (const order of this.orders.filter(({ fate, by }) => fate === 'held' && by === which)) {
      order.by = state === 'released' ? this.pause(order.at) : which;
      if (order.by === undefined) order.fate = 'freed';
      else if (order.by.state === 'confirmed') order.fate = 'gone';
    }
  }

  sum(...fates: Fate[]): number {
    return this.orders.reduce((sum, { fate, points }) => sum + (fates.includes(fate) ? points : 0), 0);
  }
}
