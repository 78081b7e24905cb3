/** How many WebAssembly memories the apps of a cell have, as each had when its last turn ended. */
export class WasmMemoryCount {
  readonly #turns = new Map<number, string>();
  readonly #memories = new Map<string, number>();
  #sum = 0;

  get sum(): number {
    return this.#sum;
  }

  begin(turn: number, app: string): void {
    this.#turns.set(turn, app);
  }

  /** Returns the app whose turn it was. */
  end(turn: number): string {
    const app = this.#turns.get(turn)!;
    this.#turns.delete(turn);
    return app;
  }

  set(app: string, memories: number): void {
    this.#sum += memories - (this.#memories.get(app) ?? 0);
    if (memories === 0) this.#memories.delete(app);
    else this.#memories.set(app, memories);
  }

  forget(app: string): void {
    this.set(app, 0);
  }
}
