// The nearest of many points of the screen, by a grid of cells; pixels in, index out.
export class NearIndex {
  private readonly cells = new Map<number, number[]>();

  constructor(
    private readonly x: Float64Array,
    private readonly y: Float64Array,
    private readonly reach = 24,
  ) {
    for (let i = 0; i < x.length; ++i) {
      if (!Number.isFinite(x[i]) || !Number.isFinite(y[i])) continue;
      const key = this.key(x[i] ?? 0, y[i] ?? 0);
      const cell = this.cells.get(key);
      if (cell) cell.push(i);
      else this.cells.set(key, [i]);
    }
  }

  private key(x: number, y: number): number {
    return Math.floor(x / this.reach) * 65536 + Math.floor(y / this.reach);
  }

  // -1: no point is within reach.
  nearest(x: number, y: number): number {
    let best = -1;
    let bestSquare = this.reach * this.reach;
    for (let dx = -1; dx <= 1; ++dx) {
      for (let dy = -1; dy <= 1; ++dy) {
        for (const i of this.cells.get(this.key(x + dx * this.reach, y + dy * this.reach)) ?? []) {
          const square = ((this.x[i] ?? 0) - x) ** 2 + ((this.y[i] ?? 0) - y) ** 2;
          if (square < bestSquare) [best, bestSquare] = [i, square];
        }
      }
    }
    return best;
  }
}
