// The operators' console starts here: a page of its own on a listener of its own, with the kit of the customers' one.
import { createRoot } from "react-dom/client";
import { installSprite } from "./kit/Icon";
import { preferences } from "./kit/preferences";
import { OperatorApp } from "./operator/OperatorApp";
import { loadOperator } from "./operator/session";
import "./styles/tokens.css";
import "./styles/app.css";
import "./styles/console.css";

preferences.apply();
installSprite();
void loadOperator();
const root = document.getElementById("root");
if (root) createRoot(root).render(<OperatorApp />);
