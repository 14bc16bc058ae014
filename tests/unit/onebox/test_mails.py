from email.message import EmailMessage

import pytest
from onebox import mails


@pytest.fixture
def folder(tmp_path):
    message = EmailMessage()
    message["From"], message["To"] = "city@example.org", "ana@example.org"
    message["Subject"] = "¿Resuelto? <b>sí</b>"
    message.set_content("Hola <script>alert(1)</script>\n")
    message.add_attachment(b"x", maintype="image", subtype="jpeg", filename="<hole>.jpg")
    (tmp_path / "1-000001.eml").write_bytes(bytes(message))
    return tmp_path


def test_the_list_names_subject_and_reader_escaped(folder):
    page = mails.list_page(folder)
    assert "¿Resuelto? &lt;b&gt;sí&lt;/b&gt;" in page
    assert "ana@example.org" in page
    assert "/mails/1-000001.eml" in page


def test_a_mail_is_shown_as_text_with_what_was_attached(folder):
    page = mails.mail_page(folder / "1-000001.eml")
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "&lt;hole&gt;.jpg (image/jpeg)" in page


def test_only_a_mail_of_exactly_that_name_is_found(folder):
    assert mails.find(folder, "1-000001.eml") == folder / "1-000001.eml"
    assert mails.find(folder, "../keys.json") is None
    assert mails.find(folder, "*.eml") is None


def test_an_empty_folder_says_so(tmp_path):
    assert "No mail yet" in mails.list_page(tmp_path)
