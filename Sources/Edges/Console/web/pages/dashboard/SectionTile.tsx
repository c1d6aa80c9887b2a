import { Link } from "../../kit/router";
import { StatusMark, statusMark } from "../../kit/Status";
import { useCounts } from "../../live/live";
import { Standing } from "../../live/resource";
import { SectionName, sections } from "../../live/sections";

const worst: readonly Standing[] = ["offline", "warning", "unknown"];

/** One section in a number; its mark is the worst of it. */
export function SectionTile({ name }: { name: SectionName }): JSX.Element {
  const counts = useCounts(name), section = sections[name];
  const troubled = worst.filter((status) => counts[status] > 0);
  const note = troubled.map((status) => `${counts[status].toLocaleString("en")} ${status}`).join(", ") || (counts.stopped > 0 ? `${counts.stopped.toLocaleString("en")} stopped, the others healthy` : "All healthy");
  return (
    <Link to={section.path} className="stat tile">
      <div className="stat-label">{section.title}</div>
      <div className="stat-value">{troubled[0] && <StatusMark mark={statusMark(troubled[0])} />}{counts.all.toLocaleString("en")}</div>
      <div className="stat-note">{note}</div>
    </Link>
  );
}
