"""Reading the OpenAPI document: operations, their parameters, and the problems they promise."""
import re

METHODS = ("get", "post", "put", "patch", "delete")
SLUG = re.compile(r"^`([a-z0-9-]+)`:", re.M)


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
        """Every problem slug that one operation, or any, promises: `slug`: title, a line each."""
        found = set()
        for one in [operation] if operation is not None else [op for *_, op in self.operations()]:
            for status, response in one["responses"].items():
                if status >= "400":
                    found |= set(SLUG.findall(response["description"]))
        return found
