import { Link } from "../../kit/router";
import { useQuery } from "../../kit/cache";
import { Change } from "../timeline/change";
import { Changes } from "../timeline/Changes";

/** Milliseconds. */
const refresh = 10_000;

export function Recent(): JSX.Element {
  const { data, problem } = useQuery<{ data: Change[] }>("/api/resources/timeline?limit=8", refresh);
  return (
    <section className="card recent" aria-labelledby="recent">
      <div className="card-head"><h2 id="recent">What changed</h2><div className="actions"><Link className="link" to="/timeline">Timeline</Link></div></div>
      {data && data.data.length > 0 && <Changes changes={data.data} />}
      {data && data.data.length === 0 && <p className="card-body muted">Nothing has changed yet.</p>}
      {!data && problem && <p className="card-body muted">{problem.sentence}</p>}
    </section>
  );
}
