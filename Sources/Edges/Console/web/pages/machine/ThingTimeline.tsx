import { useList } from "../../kit/list";
import { Empty } from "../../kit/states";
import { Wait } from "../../kit/Wait";
import { Change } from "../timeline/change";
import { Changes } from "../timeline/Changes";
import { useFreshList } from "../timeline/fresh";

/** What became different about one thing. */
export function ThingTimeline({ id }: { id: string }): JSX.Element {
  const list = useList<Change>(`/api/resources/${encodeURIComponent(id)}/timeline?limit=50`);
  useFreshList(list);
  return (
    <Wait query={list} what="The timeline" rows={4}>
      {(changes) => changes.length === 0
        ? <Empty icon="clock" title="Nothing has changed yet">Restarts, moves, changes of status and configuration are told here, and kept for 90 days.</Empty>
        : <Changes changes={changes} list={list} ofOne />}
    </Wait>
  );
}
