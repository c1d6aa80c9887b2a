"""Reading the OpenAPI document: operations, their parameters, and the problems they promise."""
import json
import re

METHODS = ("get", "post", "put", "patch", "delete")
SLUG = re.compile(r"urn:pulse:problem:([a-z0-9-]+)")


class Description:
    def __init__(self, document):
        self.document = document

    @classmethod
    def of(cls, server):
        answer = server.client().get("/api/openapi.json")
        assert answer.status == 200, answer
        return cls(answer.json)

    def operations(self):
        """(method, path, operation) of everything described."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def operation(self, method, path):
        return self.document["paths"][path][method.lower()]

    def is_public(self, operation):
        return operation.get("security", self.document.get("security")) in ([], [{}])

    def slugs(self, operation=None):
        """Every problem slug the document (or one operation, references followed) mentions."""
        text = json.dumps(self._resolved(operation if operation is not None else self.document))
        return set(SLUG.findall(text))

    def _resolved(self, value, depth=0):
        if depth > 12:
            return value
        if isinstance(value, dict):
            if set(value) == {"$ref"}:
                target = self.document
                for part in value["$ref"].removeprefix("#/").split("/"):
                    target = target[part.replace("~1", "/").replace("~0", "~")]
                return self._resolved(target, depth + 1)
            return {key: self._resolved(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list):
            return [self._resolved(one, depth + 1) for one in value]
        return value
