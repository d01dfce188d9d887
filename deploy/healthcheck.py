"""Exit 0 when the API of this container is ready; the image has no curl."""  # noqa: INP001

import http.client
import os
import sys


def main() -> int:
    """0 if `/healthz/ready` answers 200 within 4 s, otherwise 1 and the reason on stderr."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=4)
    try:
        connection.request("GET", "/healthz/ready")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"/healthz/ready: {error!r}\n")
        return 1
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        sys.stderr.write(f"/healthz/ready answered {status}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
