import { CSSProperties, memo } from "react";
import { percent } from "./units";

export type Level = "warning" | "critical" | undefined;

/** Where a share of something starts to need a person, 0...1. The tick of the bar stands at `trigger`. */
export interface Threshold { trigger: number; critical: number }
export const thresholds: Record<"cpu" | "memory" | "disk", Threshold> = {
  cpu: { trigger: 0.8, critical: 0.95 },
  memory: { trigger: 0.85, critical: 0.95 },
  disk: { trigger: 0.9, critical: 0.95 },
};

export function levelOf(fraction: number, threshold: Threshold): Level {
  if (fraction >= threshold.critical) return "critical";
  return fraction >= threshold.trigger ? "warning" : undefined;
}

export interface MeterProps {
  /** 0...100, as the server tells it; undefined: no reading. */
  value: number | undefined;
  threshold: Threshold;
  /** Why there is no reading. */
  missing?: string;
}

/** The number leads and keeps its width; the bar is ink until the trigger is passed. */
export const Meter = memo(function Meter({ value, threshold, missing }: MeterProps): JSX.Element {
  if (value === undefined) {
    return (
      <div className="meter" data-level="none" title={missing ?? "No reading"}>
        <span className="num">—<span className="visually-hidden"> {missing ?? "No reading"}</span></span><span className="bar" />
      </div>
    );
  }
  const fraction = Math.min(Math.max(value / 100, 0), 1);
  const bar = { "--v": Math.round(fraction * 1000) / 1000, "--t": threshold.trigger } as CSSProperties;
  return (
    <div className="meter" data-level={levelOf(fraction, threshold)}>
      <span className="num">{percent(value)}<span className="unit">%</span></span><span className="bar" style={bar} />
    </div>
  );
});
