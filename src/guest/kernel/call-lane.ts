/** Calls of one kind that end by themselves: a few are under way, and the others wait here, in the app's own memory, where they cost the host nothing. */

export interface WaitingCall {
  /** To be sent now: counts as under way until {@link CallLane.ended}. False: it was given up instead. */
  begin(): boolean;
  next: WaitingCall | undefined;
}

/** As many as keep the host's threads busy, and few enough that what they leave to be cleared away with the isolate is nothing. */
const UNDER_WAY_MAX = 16;

export class CallLane {
  #underWay = 0;
  #first: WaitingCall | undefined;
  #last: WaitingCall | undefined;

  add(call: WaitingCall): void {
    if (this.#last === undefined) this.#first = call;
    else this.#last.next = call;
    this.#last = call;
    this.#beginNext();
  }

  /** One that was under way is over. */
  ended(): void {
    this.#underWay--;
    this.#beginNext();
  }

  #beginNext(): void {
    while (this.#underWay < UNDER_WAY_MAX && this.#first !== undefined) {
      const call = this.#first;
      this.#first = call.next;
      if (this.#first === undefined) this.#last = undefined;
      if (call.begin()) this.#underWay++;
    }
  }
}
