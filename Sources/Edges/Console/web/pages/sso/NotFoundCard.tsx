import { Button } from "../../kit/Button";
import { navigate } from "../../kit/router";
import { Empty } from "../../kit/states";

export function NotFoundCard({ what }: { what: string }): JSX.Element {
  return <div className="table-wrap"><Empty icon="search" title={`No such ${what}`} actions={<Button label="Back to the list" onClick={() => navigate("/sso")} />}>It may have been removed meanwhile.</Empty></div>;
}
