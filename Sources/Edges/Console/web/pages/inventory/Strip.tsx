import { memo, useMemo } from "react";
import { resources, useCounts, useStatusVersion } from "../../live/live";
import { displayName, Standing, standing } from "../../live/resource";
import { SectionName, sections } from "../../live/sections";
import { statusMark, statusWord } from "../../kit/Status";
import { severity } from "./order";

/** More cells than this stop being a picture; then one cell stands for several neighbours and shows the worst of them. */
const mostCells = 120;

interface Cell { key: string; status: Standing; title: string }

/** One cell per system, by name, so that a colour has a place. A picture with a label; the chips are its control. */
export const Strip = memo(function Strip({ byName, section }: { byName: readonly string[]; section: SectionName }): JSX.Element {
  const counts = useCounts(section);
  const version = useStatusVersion();
  const cells = useMemo(() => cellsOf(byName), [byName, version]);
  const parts = [[counts.online, "healthy"], [counts.warning, "warning"], [counts.offline, "offline"], [counts.unknown, "unknown"], [counts.stopped, "stopped"]] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ");
  return (
    <div className="strip" role="img" aria-label={`${counts.all} ${sections[section].many} by name: ${told}`}>
      {cells.map((cell) => <i key={cell.key} title={cell.title} data-status={cell.status === "online" ? undefined : statusMark(cell.status)} />)}
    </div>
  );
});

function cellsOf(byName: readonly string[]): Cell[] {
  const each = Math.max(1, Math.ceil(byName.length / mostCells));
  const cells: Cell[] = [];
  for (let start = 0; start < byName.length; start += each) {
    let worst: Standing = "online", name = "";
    for (const id of byName.slice(start, start + each)) {
      const resource = resources.get(id);
      if (!resource) continue;
      if (name === "" || severity[standing(resource)] > severity[worst]) { worst = standing(resource); name = displayName(resource); }
    }
    cells.push({ key: byName[start] ?? "", status: worst, title: `${name}: ${statusWord(worst)}${each > 1 ? `, one of ${each}` : ""}` });
  }
  return cells;
}
