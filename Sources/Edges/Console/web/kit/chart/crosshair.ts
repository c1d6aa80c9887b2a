import { createContext } from "react";

/** One time under the pointer (or the arrow keys), shared by all charts of a drawer. */
export class Crosshair {
  private listeners = new Set<() => void>();
  time: number | undefined;
  /** The chart that is pointed at; only this one shows the tooltip. */
  owner: string | undefined;

  set(time: number | undefined, owner?: string): void {
    if (time === this.time && owner === this.owner) return;
    this.time = time;
    this.owner = owner;
    this.listeners.forEach((listener) => listener());
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export const CrosshairContext = createContext(new Crosshair());
