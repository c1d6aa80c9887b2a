import { CSSProperties } from "react";
import { levelOf, thresholds } from "../../kit/Meter";
import { bytesOf, percent } from "../../kit/units";
import { Disk } from "../../live/resource";

/** Every file system with its share, as `df` counts it. */
export function DiskBars({ disks }: { disks: readonly Disk[] }): JSX.Element | null {
  if (disks.length === 0) return null;
  return (
    <section className="section" aria-label="File systems">
      <div className="section-head"><h2>File systems</h2></div>
      <ul className="stack stack-3">{disks.map((disk) => <li key={`${disk.device ?? ""} ${disk.mountpoint}`}><DiskBar disk={disk} /></li>)}</ul>
    </section>
  );
}

function DiskBar({ disk }: { disk: Disk }): JSX.Element {
  const fraction = disk.usage === undefined ? undefined : disk.usage / 100;
  const style = { "--v": fraction ?? 0, "--t": thresholds.disk.trigger } as CSSProperties;
  const words = disk.usedBytes === undefined || disk.totalBytes === undefined ? undefined : bytesOf(disk.usedBytes, disk.totalBytes);
  return (
    <div className="usage" data-level={fraction === undefined ? "none" : levelOf(fraction, thresholds.disk)}>
      <span className="truncate"><span className="name">{disk.mountpoint}</span> <span className="faint">{[disk.device, disk.filesystem].filter(Boolean).join(" · ")}</span></span>
      <span className="num">
        {disk.usage === undefined ? "—" : `${percent(disk.usage)} %`}
        {words && <span className="faint">, {words.used} of {words.total} {words.unit}</span>}
      </span>
      <span className="bar" style={style} />
    </div>
  );
}
