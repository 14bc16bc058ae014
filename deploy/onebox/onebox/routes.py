"""Which service answers which path of the one address (design: "One address")."""

# The first prefix that a path begins with decides; a prefix ends where a path segment ends.
PREFIXES = (
    ("/desk", "routing"),
    ("/api/routing", "routing"),
    ("/docs/routing", "routing"),
    ("/media", "media"),
    ("/docs/media", "media"),
    ("/evaluate", "feedback"),
    ("/api/feedback", "feedback"),
    ("/docs/feedback", "feedback"),
    ("/panel", "metrics"),
    ("/api/metrics", "metrics"),
    ("/open-data", "metrics"),
    ("/docs/metrics", "metrics"),
)


def service_of(path: str) -> str:
    """Return the service that owns ``path``; what no other owns is intake's."""
    for prefix, service in PREFIXES:
        if path == prefix or path.startswith(f"{prefix}/"):
            return service
    return "intake"
