import { memo } from "react";
import { statusOf } from "../../kit/Status";
import { bytes } from "../../kit/units";
import { useResource } from "../../live/live";
import { displayName, isSilent, kindIcon, seenAt, subtitle } from "../../live/resource";
import { NameCell, RemovedRow, RowProps, sameRow, SeenCell, StatusCell, TextCell } from "./cells";

/** Below this share of its life a disk should be replaced soon, percent. */
const wornBelow = 10;

/** How long it will still do. */
export const DiskRow = memo(DiskRowView, sameRow);

function DiskRowView({ shell, address, disconnected }: RowProps): JSX.Element {
  const resource = useResource(shell["data-row"]);
  if (!resource) return <RemovedRow shell={shell} span={4} />;
  const { mark, word } = statusOf(resource), silent = isSilent(resource), seen = seenAt(resource);
  const life = resource.diskHealth?.lifeLeftPercent, size = resource.physicalDisk?.sizeBytes;
  const whole = size === undefined ? undefined : bytes(size);
  const isOld = silent || disconnected;
  return (
    <tr {...shell} data-status={mark} data-stale={isOld ? "" : undefined}>
      <NameCell name={displayName(resource)} under={subtitle(resource)} icon={kindIcon(resource)} address={address} />
      <StatusCell mark={mark} word={word} silentSince={mark === "offline" || mark === "unknown" ? seen ?? null : undefined} />
      <TextCell label="Life left" text={life?.toFixed(0)} unit="%" right level={life !== undefined && life < wornBelow ? "warning" : undefined} />
      <TextCell label="Temperature" text={resource.temperature?.toFixed(0)} unit="°C" right />
      <TextCell text={whole?.value} unit={whole?.unit} right className="c-drop col-low" />
      <SeenCell at={seen} isOld={isOld} />
    </tr>
  );
}
