"""The gateway as a process, in front of small services that say what they heard."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import uvicorn
from onebox.gateway import Admin, config
from onebox.proxy import Proxy

PIECES = 40


class Echo(BaseHTTPRequestHandler):
    """Answers with what it heard; /slow answers in pieces; /ready and /metrics as a process."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/media/pieces":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(PIECES):
                self.wfile.write(b"3\r\nabc\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            return
        if self.path == "/metrics":
            self.answer(b"# HELP x X\n# TYPE x gauge\nx 1.0\n")
            return
        if self.path == "/media/broken":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.answer(json.dumps({"path": self.path, "headers": dict(self.headers)}).encode())

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            length = 0
            while size := int(self.rfile.readline(), 16):
                length += len(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            length = len(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(json.dumps({"length": length, "headers": dict(self.headers)}).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Port", str(self.server.server_port))
        self.send_header("Connection", "keep-alive, X-Private")
        self.send_header("X-Private", "between us")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *args):
        pass


@pytest.fixture
def service():
    server = Quiet(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


class Served:
    def __init__(self, app):
        self.server = uvicorn.Server(config(app, 0))
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self):
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def gateway(service, dead_port):
    here = f"127.0.0.1:{service.server_port}"
    proxy = Proxy(
        {"intake": here, "media": here, "routing": f"127.0.0.1:{dead_port}"}, limit_bytes=100_000
    )
    served = Served(proxy)
    with httpx.Client(base_url=served.url) as client:
        yield client
    served.stop()


def test_path_and_query_arrive_untouched(gateway):
    path = "/open311/v2/requests.json?q=a%20b&service_code=1%2C2&x=%C3%B1"
    assert gateway.get(path).json()["path"] == path


def test_the_service_learns_who_asked_and_a_client_cannot_pretend(gateway):
    forged = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Host": "evil", "Forwarded": "for=1"}
    heard = {
        name.lower(): value
        for name, value in gateway.get("/", headers=forged).json()["headers"].items()
    }
    assert heard["x-forwarded-for"] == "127.0.0.1"
    assert heard["x-forwarded-proto"] == "http"
    assert heard["x-forwarded-host"] == heard["host"] == gateway.base_url.netloc.decode()
    assert "forwarded" not in heard


def test_headers_of_one_connection_stay_on_it(gateway):
    answer = gateway.get(
        "/", headers={"TE": "trailers", "Connection": "close, X-Secret", "X-Secret": "1"}
    )
    assert "x-private" not in answer.headers
    assert not {"te", "x-secret"} & {name.lower() for name in answer.json()["headers"]}


def test_an_answer_in_pieces_passes(gateway):
    assert gateway.get("/media/pieces").text == "abc" * PIECES


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_passes_whole(gateway, chunked):
    content = (b"x" * 1000 for _ in range(50)) if chunked else b"x" * 50_000
    assert gateway.post("/media/v1/photos", content=content).json()["length"] == 50_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_as_an_error_list(gateway, chunked):
    content = (b"x" * 1000 for _ in range(150)) if chunked else b"x" * 150_000
    answer = gateway.post("/media/v1/photos", content=content)
    assert answer.status_code == 413
    assert answer.json()[0]["code"] == 413


def test_a_service_that_is_away_is_a_503_that_says_when_to_come_back(gateway):
    answer = gateway.get("/desk/cases")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.json() == [
        {"code": 503, "description": "routing is not running at the moment; please try again"}
    ]


def test_an_error_in_xml_is_asked_for_by_the_path(gateway):
    answer = gateway.get("/api/routing/v1/x.xml")
    assert answer.status_code == 503
    assert "<code>503</code>" in answer.text


def test_a_service_that_breaks_off_is_a_502(gateway):
    answer = gateway.get("/media/broken")
    assert answer.status_code == 502
    assert answer.json()[0]["code"] == 502


def test_the_list_of_documents_leads_to_each_service(gateway):
    assert '<a href="/docs/routing/">' in gateway.get("/docs/").text


@pytest.fixture
def admin(service, dead_port, tmp_path):
    described = {
        "processes": [
            {"name": "intake serve", "admin": f"127.0.0.1:{service.server_port}"},
            {"name": "routing tick", "admin": f"127.0.0.1:{dead_port}"},
        ],
        "mails": str(tmp_path),
    }
    served = Served(Admin(described).app())
    with httpx.Client(base_url=served.url) as client:
        yield client
    served.stop()


def test_ready_names_the_process_that_is_not(admin):
    answer = admin.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "faults": {"routing tick": "does not answer (ConnectError)"},
    }


def test_metrics_of_all_processes_are_one_text_with_who_is_up(admin):
    lines = admin.get("/metrics").text.splitlines()
    assert 'x{process="intake",role="serve"} 1.0' in lines
    assert 'up{process="intake",role="serve"} 1' in lines
    assert 'up{process="routing",role="tick"} 0' in lines


def test_the_admin_pages_answer_to_no_other_name(admin):
    assert admin.get("/live").json() == {"live": True}
    assert admin.get("/live", headers={"Host": "evil.example"}).status_code == 400


def test_the_mail_page_knows_no_other_file(admin):
    assert "No mail yet" in admin.get("/mails").text
    assert admin.get("/mails/..%2Fsecrets.json").status_code == 404
