"""Personal information: what is found and what is not, masking in every column, excerpts that give nothing away."""

import pickle
import random
import time

import pytest

from posttrain.data.filters import Finding
from posttrain.data.filters.personal import KINDS, PersonalInformation, find_personal, mask
from posttrain.errors import UserError

# Put together here, so that no scanner of this repository takes them for real ones.
AWS = "AKIA" + "QYLPMN5HFIQR7XYA"
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
STRIPE = "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc"
OPENAI = "sk-" + "proj-Ab3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f"
SLACK = "xoxb-" + "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1aWQiOjQyLCJleHAiOjE3MDB9.TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ"
PEM_LINE = "MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi4v8QmHqXcZbK1rTnYw5sLdPfE"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{PEM_LINE}\n{PEM_LINE}\n-----END RSA PRIVATE KEY-----"

FOUND = [  # the text, and what each find must cover
    ("Meine Nummer: 0171 / 234 56 78, ruf mich an.", [("phone", "0171 / 234 56 78")]),
    ("Büro 030 / 901820, Frau Weiß", [("phone", "030 / 901820")]),
    # email
    ("Write to jane.doe@acme-corp.com today.", [("email", "jane.doe@acme-corp.com")]),
    ("mailto:j.smith+lists@mail.uni-heidelberg.de?subject=x", [("email", "j.smith+lists@mail.uni-heidelberg.de")]),
    ("Schreib an jürgen@müller-bau.de.", [("email", "jürgen@müller-bau.de")]),
    ("请联系zhangwei88@163.com谢谢", [("email", "zhangwei88@163.com")]),
    ("почта: иван@почта.рф", [("email", "иван@почта.рф")]),
    ("Contact:<b>Bob_Lee@Yahoo.Co.UK</b>", [("email", "Bob_Lee@Yahoo.Co.UK")]),
    ("{'email': 'o.brien@hotmail.com', 'age': 3}", [("email", "o.brien@hotmail.com")]),
    ("**maria.rossi@libero.it**, _pg77@gmail.com_", [("email", "maria.rossi@libero.it"), ("email", "pg77@gmail.com")]),
    ("It is john [at] gmail [dot] com, ok?", [("email", "john [at] gmail [dot] com")]),
    ("kate(at)web(dot)de", [("email", "kate(at)web(dot)de")]),
    ("my email is sam.jones at gmail dot com", [("email", "sam.jones at gmail dot com")]),
    ("escríbeme a lucia arroba hotmail punto com", [("email", "lucia arroba hotmail punto com")]),
    ("x1975@gmail.com.Please answer", [("email", "x1975@gmail.com")]),
    ("＜tanaka＠yahoo.co.jp＞", [("email", "tanaka＠yahoo.co.jp")]),
    ("john_smith1984 @ hotmail.com is my email", [("email", "john_smith1984 @ hotmail.com")]),
    # phone
    ("Tél : 01 45 67 89 10", [("phone", "01 45 67 89 10")]),
    ("Reach us at +44 20 7946 0958.", [("phone", "+44 20 7946 0958")]),
    ("(415) 555-2671 is hers", [("phone", "(415) 555-2671")]),
    ("His number: 212-736-5000, ask for Al", [("phone", "212-736-5000")]),
    ("+1 (650) 253-0000 or 1-650-253-0001", [("phone", "+1 (650) 253-0000"), ("phone", "1-650-253-0001")]),
    ("Appelle-moi au 06 12 34 56 78 ce soir", [("phone", "06 12 34 56 78")]),
    ("Le secrétariat est là : 01.42.68.53.00", [("phone", "01.42.68.53.00")]),
    ("Tel.: +49 30 901820", [("phone", "+49 30 901820")]),
    ("Ruf mich an: 0171 1234567", [("phone", "0171 1234567")]),
    ("whatsapp +919876543210", [("phone", "+919876543210")]),
    ("my mobile number is 9823456710", [("phone", "9823456710")]),
    ('{"phone": "4155552671"}', [("phone", "4155552671")]),
    ("Llámame al 612 345 678.", [("phone", "612 345 678")]),
    ("Ligue para (11) 91234-5678", [("phone", "(11) 91234-5678")]),
    ("Звоните 8 (912) 345-67-89", [("phone", "8 (912) 345-67-89")]),
    ("我的电话是13812345678", [("phone", "13812345678")]),
    ("電話番号は090-1234-5678です", [("phone", "090-1234-5678")]),
    ("제 번호는 010-1234-5678 입니다", [("phone", "010-1234-5678")]),
    ("Fax: 0043 1 5337070", [("phone", "0043 1 5337070")]),
    ("Call me on 07700 900123", [("phone", "07700 900123")]),
    ("هاتف: ٠٥٠١٢٣٤٥٦٧", [("phone", "٠٥٠١٢٣٤٥٦٧")]),
    # card
    ("My card is 4532 0151 1283 0366, exp 04/27", [("card", "4532 0151 1283 0366")]),
    ("5425-2334-3010-9903", [("card", "5425-2334-3010-9903")]),
    ("amex 3782 822463 10005", [("card", "3782 822463 10005")]),
    ('{"card_number": "4111111111111111", "cvv": "123"}', [("card", "4111111111111111")]),
    ("Meine Karte: 6011 1111 1111 1117 123", [("card", "6011 1111 1111 1117")]),
    # iban
    ("IBAN: DE89 3704 0044 0532 0130 00 bitte", [("iban", "DE89 3704 0044 0532 0130 00")]),
    ("send it to gb82west12345698765432 now", [("iban", "gb82west12345698765432")]),
    ("FR14-2004-1010-0505-0001-3M02-606", [("iban", "FR14-2004-1010-0505-0001-3M02-606")]),
    # ssn
    ("SSN: 536-90-4399", [("ssn", "536-90-4399")]),
    ("her social security number is 536904399", [("ssn", "536904399")]),
    ("Patient 212-45-6781 was seen on Monday", [("ssn", "212-45-6781")]),
    # ip
    ("Failed login from 81.2.69.142 port 22", [("ip", "81.2.69.142")]),
    ("http://93.184.216.34:8080/x", [("ip", "93.184.216.34")]),
    ("ssh root@5.9.12.23", [("ip", "5.9.12.23")]),
    ("addr 2a02:8109:9c40::1f2e is up", [("ip", "2a02:8109:9c40::1f2e")]),
    ("inet6 2a00:1450:4001:0829:0000:0000:0000:200e/64", [("ip", "2a00:1450:4001:0829:0000:0000:0000:200e")]),
    # key
    (f"aws_access_key_id = {AWS}", [("key", AWS)]),
    (f"```python\ngit_token = '{GITHUB}'\n```", [("key", GITHUB)]),
    (f'{{"stripe": "{STRIPE}"}}', [("key", STRIPE)]),
    (f"OPENAI_API_KEY={OPENAI}", [("key", OPENAI)]),
    (f"slack bot {SLACK}.", [("key", SLACK)]),
    (f"Authorization: Bearer {JWT}", [("key", JWT)]),
    (PEM, [("key", PEM)]),
    (PEM.replace("\n", "\\n"), [("key", PEM.replace("\n", "\\n"))]),
    ('password = "g7#Kq9!zRt2"', [("key", "g7#Kq9!zRt2")]),
    ("my password is Xk9#mP2$vLq8.", [("key", "Xk9#mP2$vLq8")]),
    ("api_key: 9f8c2d7e41b35a60c4d2e8f7", [("key", "9f8c2d7e41b35a60c4d2e8f7")]),
    ("postgres://bob:hG7s9Kq2Lp@db.acme.io:5432/x", [("key", "hG7s9Kq2Lp")]),
    ('"client_secret": "q8Zr~Vt3nB5xW1_yK7mD0pLs"', [("key", "q8Zr~Vt3nB5xW1_yK7mD0pLs")]),
    # several
    (
        "Jo, jo.lane@fastmail.com, +33 6 12 34 56 78",
        [("email", "jo.lane@fastmail.com"), ("phone", "+33 6 12 34 56 78")],
    ),
]

CLEAN = [
    "Seite 017 / 234 und Blatt 0171 - 56 fehlen.",
    "Meine Nummer in der Schlange ist 47.",
    # email: examples, roles, code, handles, shells
    "user@example.com, bob@mail.example.org, a@b.example",
    "your.name@gmail.com or youremail@yahoo.com or test@test.com",
    "noreply@github.com, support@company.com, customer-service@shop.de, info@verein.org",
    "@property\ndef x(self): ...\n@app.route('/a')\n@pytest.mark.skip",
    "user@host:~$ ls\nubuntu@ip-10-0-0-1:~$ pwd\njane@box.lan.io:~$ cd",
    "git clone git@github.com:openai/gym.git && ssh deploy@prod",
    "Follow @jane_doe and @user@mastodon.social",
    "npm i lodash@4.17.21 @angular/core@15 logo@2x.png",
    "y = A@B.T + q@k.mT; z = (W@x).reshape(2); H@G.inverse()",
    "We met at amazon dot com; look at gmail.com, sign up at yahoo.com",
    "f (at) 3 and e^{at} [at] the end",
    # phone: arithmetic, tables, fiction, services, ids
    "GSM8K: 1,234 567 8901 apples and 12 345 678 pears",
    "What is 415-555-2671? 415-555-2671 = -2811",
    "Compute 212-736-5000.",
    "(415) 555-0132 and 212-555-0199 are film numbers",
    "Call 911, 999 or 112; the hotline is 1-800-273-8255. Tel: 0800 123 4567",
    "4155552671 divided by 7",
    "The answer is 9823456710.",
    "x = 0612345678, id 0171123456789",
    "ISBN 978-3-16-148410-0, ISBN 0-306-40615-2, ISSN 2049-3630",
    "Order 112-3456789-0123456, order no. 212-736-5000, tracking 1Z999AA10123456784",
    "2023-10-05T14:48:00.000Z, 05.10.2023 14:30, 2021-01-01 2022-02-02, 1696516080",
    "0 1 0 1 1 0 0 1\n1 0 0 1 0 1 1 0\n01 02 03 04 05 06 07 08",
    "Lottery: 01 02 03 04 05; hex 04 12 34 56 78 9a",
    "π = 3.14159265358979323846264338327950288, e = 2.718281828459045",
    "48.858370, 2.294481 and -33.856784, 151.215297",
    "550e8400-e29b-41d4-a716-446655440000 9fceb02d0ae598e95dc970b74767f19372d61af8 #ff5733",
    "$1234567890 \\times 10^{12}$ and \\frac{1234567}{7654321}",
    "1990 1995 2000 2005 2010 2015 and 100 200 300 400 500",
    "123-456-7890 and 1234567890 are samples; phone: 000-000-0000",
    "The phone costs 1299 euros, 4500000 phones were sold in 2019",
    "The call center handled 4155552671 requests",
    "0.123 456 7890 and 555 123 4567 kg",
    "It has 7 digits: his phone number is 271-3147. What is the largest?",
    "06 07 08 09 10 11, Flight BA0117 on 12.10.2020 at 10:45, call 12345678 times, 12 34 56 78 90",
    # card
    "4111111111111111+1 = 4111111111111112",
    "4532 0151 1283 0367 is one off, 1234 5678 9012 3456 too",
    "2^52 = 4503599627370496 and 4503599627370496 * 2",
    "https://twitter.com/x/status/4532015112830366",
    "1111 2222 3333 4444 5555 6666",
    # iban, ssn
    "DE89 3704 0044 0532 0130 01 fails; IBAN is a number; ab12cd34ef56ab78cd90",
    "SSN stands for social security number, in the form 123-45-6789",
    "000-12-3456 666-12-3456 900-12-3456 123-00-4567 078-05-1120",
    "500-25-1000 = -525, part 536-90-4399-1, 536 90 4399",
    # ip
    "version 91.0.44.72, v81.2.69.142, Chrome/120.0.61.12, pkg==81.2.69.142",
    "127.0.0.1 192.168.1.17 10.0.0.8 172.16.4.2 169.254.1.1 0.0.0.0 255.255.255.0",
    "203.0.113.7 198.51.100.3 192.0.2.1 8.8.8.8 1.1.1.1 2001:db8::1 ::1 fe80::1 fd00::2",
    "1.2.3.4 Introduction\n2.3.1.1 Scope, OID 1.3.6.1.4.1.311, 999.1.2.3, firmware 20.71.63.90",
    "std::vector<a::b> x; 12:30:45; 00:1A:2B:3C:4D:5E; fe::ed",
    "route 81.2.69.0/24 via the 2a02:8109::/32 net",
    # key
    "api_key = 'YOUR_API_KEY'; token: <token>; password: xxxxxxxx; secret = '****'",
    "AKIAIOSFODNN7EXAMPLE sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "api_key = os.environ['OPENAI_API_KEY']; token = get_token(user); password=$DB_PASSWORD",
    "password: str, token: Optional[str] = None, max_tokens=1024, tokens = text.split()",
    "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased'), token: word2vec-google-news-300",
    "password=password123 pwd: P@ssw0rd! passwort: changeme1! secret_key = 'my-secret-key-123'",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "postgres://user:password@localhost:5432/db and redis://:${REDIS_PASSWORD}@cache:6379",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO",
    "The secret is: patience. The password is required. primary_key=True, key: value",
    "password_hash = '5f4dcc3b5aa765d61d8327deb882cf99', sha256: 9f86d081884c7d659a2feaa0c55ad015",
    "'Secret': (__spec__.parent, '.types'), secret_key = config['SECRET_KEY'], csrf_token: {{ csrf_token() }}",
    # masks themselves
    "[EMAIL] [PHONE] password=[KEY] call [PHONE]",
    "",
    "\x00\ud800 \u202e",
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_personal_information_is_found_and_covered_exactly(text, expected):
    assert [(kind, text[start:end]) for kind, start, end in find_personal(text)] == expected


@pytest.mark.parametrize("text", CLEAN)
def test_what_identifies_nobody_stays(text):
    assert [(kind, text[start:end]) for kind, start, end in find_personal(text)] == []


@pytest.mark.parametrize(("text", "_"), FOUND)
def test_a_masked_text_holds_nothing_more(text, _):
    assert find_personal(mask(text, find_personal(text))) == []


def test_mask_reaches_every_message_and_leaves_the_row_alone():
    """Prompt, chosen and rejected; the other columns and the row given stay as they were."""
    row = {
        "prompt": [{"role": "user", "content": "I am jo.lane@fastmail.com"}],
        "chosen": [{"role": "assistant", "content": "Call +44 20 7946 0958"}],
        "rejected": [{"role": "assistant", "content": "SSN: 536-90-4399, jo.lane@fastmail.com", "weight": 1}],
        "id": 7,
    }
    finding = PersonalInformation()(row)
    assert finding is not None
    assert finding.reason == "email+phone+ssn"
    assert finding.row == {
        "prompt": [{"role": "user", "content": "I am [EMAIL]"}],
        "chosen": [{"role": "assistant", "content": "Call [PHONE]"}],
        "rejected": [{"role": "assistant", "content": "SSN: [SSN], [EMAIL]", "weight": 1}],
        "id": 7,
    }
    assert row["prompt"][0]["content"] == "I am jo.lane@fastmail.com"
    assert PersonalInformation()(finding.row) is None


def messages(text):
    return {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": text}]}


def test_drop_gives_no_row_and_kinds_limits_what_counts():
    row = messages("jo.lane@fastmail.com, +44 20 7946 0958")
    assert PersonalInformation(action="drop")(row) == Finding("email+phone", "j***@f***.com, +44 ** **** ****")
    only = PersonalInformation(kinds=["phone"])(row)
    assert only is not None
    assert (only.reason, only.row) == ("phone", messages("jo.lane@fastmail.com, [PHONE]"))
    assert PersonalInformation(kinds=["card"])(row) is None


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_excerpts_do_not_spread_what_was_found(text, expected):
    shown = PersonalInformation(action="drop")(messages(text)).excerpt
    assert shown
    assert "\n" not in shown
    for _, found in expected:
        assert found not in shown
    if all(kind != "email" or "@" in found for kind, found in expected):
        assert "*" in shown


def test_excerpt_shows_a_short_context():
    finding = PersonalInformation()(messages("a " * 500 + "write to\njane.doe@acme-corp.com" + " b" * 500))
    assert finding.excerpt.startswith("…a a")
    assert "write to j***@a***.com b b" in finding.excerpt
    assert len(finding.excerpt) < 120


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"action": "delete"}, "action"),
        ({"kinds": ["emails"]}, "emails"),
        ({"kinds": []}, "kinds"),
        ({"kinds": "ip"}, "kinds"),
    ],
)
def test_bad_settings_name_the_key(settings, named):
    with pytest.raises(UserError, match=named):
        PersonalInformation(**settings)


def test_the_filter_pickles():
    row = messages("jo.lane@fastmail.com")
    copy = pickle.loads(pickle.dumps(PersonalInformation(kinds=["email"])))
    assert copy == PersonalInformation(kinds=["email"])
    assert copy(row) == PersonalInformation(kinds=["email"])(row)


def test_finds_are_sorted_and_apart_on_any_text():
    """Random mixtures of the pieces that finds are made of: nothing raises, spans are in order and inside the text."""
    pieces = (
        [text for text, _ in FOUND] + list("0123456789@.:+-()/ =\n'\"é中") + ["::", "sk-", "pwd=", "IBAN DE89", "tel "]
    )
    chooser = random.Random(0)
    for _ in range(300):
        text = "".join(chooser.choices(pieces, k=30))
        finds = find_personal(text)
        assert all(kind in KINDS for kind, _, _ in finds)
        bounds = [bound for _, start, end in finds for bound in (start, end)]
        assert bounds == sorted(bounds)
        assert not bounds or 0 <= bounds[0] <= bounds[-1] <= len(text)


ODD = ["a", "1", "1 ", "12-", "a@", "a.", "@a.", "+1 ", "(1", "0 12", "a1:", "2000:", "1.", "-", "key=", "password: a"]
ODD += ["eyJ", "a dot ", " [at] ", "DE89 ", "sk-", "4111 ", "-----BEGIN PRIVATE KEY-----\n", "://", "://a:", "a at "]
ODD += ["中", "call ", "=", "415-555-2671 ", "M", "x@gmail.com ", "call 12345678 ", "token=a1B", "a1://:", "a b dot "]


@pytest.mark.parametrize("unit", ODD)
def test_long_odd_texts_take_no_long_time(unit):
    """200,000 characters; the slowest known pattern of this kind would take minutes."""
    text = (unit * 200_000)[:200_000]
    find_personal(text[:1000])
    began = time.process_time()
    find_personal(text)
    assert time.process_time() - began < 3
