import { memo } from "react";
import { thresholds } from "../../kit/Meter";
import { statusOf } from "../../kit/Status";
import { bytesOf } from "../../kit/units";
import { useResource } from "../../live/live";
import { displayName, isSilent, kindIcon, seenAt, subtitle } from "../../live/resource";
import { MeterCell, NameCell, RemovedRow, RowProps, sameRow, SeenCell, StatusCell, TextCell } from "./cells";

/** How full it is, and of how much. */
export const StorageRow = memo(StorageRowView, sameRow);

function StorageRowView({ shell, address, disconnected }: RowProps): JSX.Element {
  const resource = useResource(shell["data-row"]);
  if (!resource) return <RemovedRow shell={shell} span={3} />;
  const { mark, word } = statusOf(resource), silent = isSilent(resource), seen = seenAt(resource);
  const disk = silent ? undefined : resource.metrics?.disk;
  const size = disk?.used === undefined || disk.total === undefined ? undefined : bytesOf(disk.used, disk.total);
  const isOld = silent || disconnected;
  return (
    <tr {...shell} data-status={mark} data-stale={isOld ? "" : undefined}>
      <NameCell name={displayName(resource)} under={subtitle(resource)} icon={kindIcon(resource)} address={address} />
      <StatusCell mark={mark} word={word} silentSince={silent ? seen ?? null : undefined} />
      <MeterCell label="Used" value={disk?.percent} threshold={thresholds.disk} missing={silent ? "Not answering" : "Not told by its platform"} />
      <TextCell text={size && `${size.used} of ${size.total}`} unit={size?.unit} right className="c-drop col-low" />
      <SeenCell at={seen} isOld={isOld} />
    </tr>
  );
}
