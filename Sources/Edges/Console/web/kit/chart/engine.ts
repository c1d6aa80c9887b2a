// Chart.js, loaded with the first full chart. It scales and strokes; gaps, band, axes and crosshair are drawn here.
import { CategoryScale, Chart, ChartDataset, Filler, LinearScale, LineController, LineElement, Plugin, PointElement } from "chart.js";
import { axisTime } from "../units";
import { Gap, Holes, nearest, Point, Series } from "./series";

Chart.register(LineController, LineElement, PointElement, LinearScale, CategoryScale, Filler);

export interface Picture {
  series: readonly Series[];
  holes: Holes;
  start: number;
  end: number;
  stepSeconds: number;
  /** Top of the y axis; its ticks are 0, half and this, the unit stands on the top one. */
  top: number;
  ticks: readonly [zero: string, half: string, top: string];
  unit: string;
  /** A dashed line with its value. */
  trigger: number | undefined;
  triggerLabel: string | undefined;
}

interface Colors { series: string[]; grid: string; axis: string; base: string; gap: string; cross: string; surface: string; warn: string; warnText: string; font: string }

function readColors(element: HTMLElement): Colors {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((index) => color(`--chart-${index}`)), grid: color("--chart-grid"), axis: color("--chart-axis"),
    base: color("--line-strong"), gap: color("--chart-gap"), cross: color("--text-3"), surface: color("--surface"),
    warn: color("--warn-mark"), warnText: color("--warn-text"), font: color("--font-ui"),
  };
}

const left = 38, right = 10, top = 18, bottom = 20;

export class ChartEngine {
  /** Set by Chart.js before its first stroke, which happens inside its constructor. */
  private chart!: Chart<"line">;
  private colors: Colors;
  private picture: Picture;
  private crosshair: number | undefined;

  constructor(private readonly canvas: HTMLCanvasElement, picture: Picture) {
    this.picture = picture;
    this.colors = readColors(canvas);
    new Chart<"line">(canvas, {
      type: "line",
      data: { datasets: this.datasets() },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, events: [], parsing: false, normalized: true,
        layout: { padding: { left, right, top, bottom } },
        elements: { point: { radius: 0 }, line: { borderWidth: 1.5, borderJoinStyle: "round", tension: 0 } },
        scales: {
          x: { type: "linear", display: false, min: picture.start, max: picture.end },
          y: { type: "linear", display: false, min: 0, max: picture.top },
        },
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
      },
      plugins: [{ id: "pulse", beforeInit: (chart) => { this.chart = chart as Chart<"line">; }, beforeDatasetsDraw: () => this.under(), afterDatasetsDraw: () => this.over() } as Plugin<"line">],
    });
  }

  update(picture: Picture): void {
    this.picture = picture;
    this.chart.data.datasets = this.datasets();
    const { x, y } = this.chart.options.scales ?? {};
    if (x) { x.min = picture.start; x.max = picture.end; }
    if (y) y.max = picture.top;
    this.chart.update("none");
  }

  recolor(): void {
    this.colors = readColors(this.canvas);
    this.update(this.picture);
  }

  point(time: number | undefined): void {
    if (time === this.crosshair) return;
    this.crosshair = time;
    this.chart.draw();
  }

  destroy(): void { this.chart.destroy(); }

  /** The time under a pixel of the canvas. */
  timeAt(x: number): number {
    const { left: from, right: to } = this.chart.chartArea;
    const share = Math.min(Math.max((x - from) / Math.max(1, to - from), 0), 1);
    return this.picture.start + share * (this.picture.end - this.picture.start);
  }

  x(time: number): number { return this.chart.scales["x"]?.getPixelForValue(time) ?? 0; }
  private y(value: number): number { return this.chart.scales["y"]?.getPixelForValue(value) ?? 0; }

  private datasets(): ChartDataset<"line">[] {
    return this.picture.series.map((series, index) => {
      const color = this.colors.series[index % 6] ?? "";
      const data = broken(series.points, this.picture.holes.gaps);
      return {
        data, borderColor: color, backgroundColor: alpha(color, 0.09), fill: index === 0 ? "origin" : false,
        pointRadius: data.map((point, at) => isAlone(data, at) && !Number.isNaN(point.y) ? 1.5 : 0), pointBackgroundColor: color, pointBorderWidth: 0, clip: 3,
      } as ChartDataset<"line">;
    });
  }

  private under(): void {
    const { ctx, chartArea: area } = this.chart;
    ctx.save();
    ctx.font = `10.5px ${this.colors.font}`;
    ctx.lineWidth = 1;
    ctx.textBaseline = "middle";
    this.picture.ticks.forEach((label, index) => {
      const y = Math.round(this.y(this.picture.top * index / 2)) + 0.5;
      ctx.strokeStyle = index === 0 ? this.colors.base : this.colors.grid;
      stroke(ctx, area.left, y, area.right, y);
      ctx.fillStyle = this.colors.axis;
      ctx.textAlign = "right";
      ctx.fillText(label, area.left - 7, y);
    });
    ctx.textAlign = "left";
    if (this.picture.unit) ctx.fillText(this.picture.unit, 0, area.top - 12);
    for (const gap of this.picture.holes.silent) this.shade(gap, ["no data"]);
    for (const gap of this.picture.holes.unwatched) this.shade(gap, ["Pulse was not watching", "not watched"], true);
    this.labelTimes();
    this.drawBands();
    ctx.restore();
  }

  /** With the first of its words that has room. What was not watched is hatched, so that the two differ without a word too. */
  private shade(gap: Gap, words: readonly string[], isHatched = false): void {
    const { ctx, chartArea: area } = this.chart;
    const from = Math.max(area.left, this.x(gap.from)), width = Math.min(area.right, this.x(gap.to)) - from;
    if (width <= 0) return;
    ctx.fillStyle = this.colors.gap;
    ctx.fillRect(from, area.top, width, area.bottom - area.top);
    if (isHatched) this.hatch(from, width);
    const word = words.find((one) => ctx.measureText(one).width + 12 <= width);
    if (word === undefined) return;
    const room = ctx.measureText(word).width + 12;
    const middle = from + width / 2, y = (area.top + area.bottom) / 2;
    ctx.fillStyle = this.colors.gap;
    if (isHatched) ctx.fillRect(middle - room / 2, y - 8, room, 16);
    ctx.fillStyle = this.colors.axis;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(word, middle, y);
  }

  private hatch(from: number, width: number): void {
    const { ctx, chartArea: area } = this.chart, height = area.bottom - area.top;
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, area.top, width, height);
    ctx.clip();
    ctx.strokeStyle = this.colors.base;
    ctx.lineWidth = 1;
    for (let x = from - height; x < from + width; x += 7) stroke(ctx, x, area.bottom, x + height, area.top);
    ctx.restore();
  }

  /** Five times on a wide chart, three on a narrow one, in local time; the outer two stay inside. */
  private labelTimes(): void {
    const { ctx, chartArea: area } = this.chart;
    const { start, end } = this.picture;
    const parts = area.right - area.left > 360 ? 4 : 2;
    ctx.textBaseline = "alphabetic";
    ctx.fillStyle = this.colors.axis;
    for (let part = 0; part <= parts; part += 1) {
      ctx.textAlign = part === 0 ? "left" : part === parts ? "right" : "center";
      ctx.fillText(axisTime(start + (end - start) * part / parts, end - start), area.left + (area.right - area.left) * part / parts, area.bottom + 16);
    }
  }

  /** What down-sampling folded into a point: its lowest and highest. */
  private drawBands(): void {
    const { ctx } = this.chart;
    this.picture.series.forEach((series, index) => {
      ctx.fillStyle = alpha(this.colors.series[index % 6] ?? "", 0.16);
      for (const run of runs(series.points, this.picture.holes.gaps)) {
        if (run.length < 2 || !run.some((point) => (point.max ?? point.v) > (point.min ?? point.v))) continue;
        ctx.beginPath();
        run.forEach((point) => ctx.lineTo(this.x(point.t), this.y(Math.min(point.max ?? point.v, this.picture.top))));
        [...run].reverse().forEach((point) => ctx.lineTo(this.x(point.t), this.y(point.min ?? point.v)));
        ctx.fill();
      }
    });
  }

  private over(): void {
    const { ctx, chartArea: area } = this.chart;
    ctx.save();
    if (this.picture.trigger !== undefined) this.drawTrigger(this.picture.trigger);
    if (this.crosshair !== undefined && this.crosshair >= this.picture.start) {
      const x = Math.round(this.x(this.crosshair)) + 0.5;
      ctx.strokeStyle = this.colors.cross;
      ctx.lineWidth = 1;
      stroke(ctx, x, area.top, x, area.bottom);
      this.picture.series.forEach((series, index) => this.drawDot(series, index));
    }
    ctx.restore();
  }

  private drawDot(series: Series, index: number): void {
    const { ctx } = this.chart;
    const point = nearest(series.points, this.crosshair ?? 0, Math.max(this.picture.stepSeconds, 10) * 2_500);
    if (!point) return;
    ctx.beginPath();
    ctx.arc(this.x(point.t), this.y(point.v), 4, 0, 2 * Math.PI);
    ctx.fillStyle = this.colors.series[index % 6] ?? "";
    ctx.strokeStyle = this.colors.surface;
    ctx.lineWidth = 2;
    ctx.fill();
    ctx.stroke();
  }

  private drawTrigger(value: number): void {
    const { ctx, chartArea: area } = this.chart;
    const y = this.y(value);
    ctx.strokeStyle = this.colors.warn;
    ctx.lineWidth = 1.25;
    ctx.setLineDash([4, 3]);
    stroke(ctx, area.left, y, area.right, y);
    ctx.setLineDash([]);
    ctx.font = `500 10.5px ${this.colors.font}`;
    ctx.fillStyle = this.colors.warnText;
    ctx.textAlign = "left";
    ctx.fillText(this.picture.triggerLabel ?? "", area.left + 4, y - 5);
  }
}

function stroke(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

interface XY { x: number; y: number }

/** The points with a hole wherever a gap lies between two of them: a line is never drawn across what was not measured. */
function broken(points: readonly Point[], gaps: readonly Gap[]): XY[] {
  const result: XY[] = [];
  for (const run of runs(points, gaps)) {
    const before = result[result.length - 1];
    if (before) result.push({ x: before.x, y: NaN });
    for (const point of run) result.push({ x: point.t, y: point.v });
  }
  return result;
}

function runs(points: readonly Point[], gaps: readonly Gap[]): Point[][] {
  const result: Point[][] = [];
  let run: Point[] = [], next = 0;
  for (const point of points) {
    let crossed = false;
    for (let gap = gaps[next]; gap && gap.to <= point.t; gap = gaps[next]) { crossed = true; next += 1; }
    if (crossed && run.length > 0) { result.push(run); run = []; }
    run.push(point);
  }
  if (run.length > 0) result.push(run);
  return result;
}

function isAlone(data: readonly XY[], at: number): boolean {
  const isHole = (point: XY | undefined): boolean => !point || Number.isNaN(point.y);
  return isHole(data[at - 1]) && isHole(data[at + 1]);
}

/** A token's `#rrggbb` with an alpha. */
function alpha(hex: string, opacity: number): string {
  const value = parseInt(hex.slice(1), 16);
  return `rgb(${value >> 16} ${value >> 8 & 255} ${value & 255} / ${opacity})`;
}
