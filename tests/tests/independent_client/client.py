"""Calls the sandbox as a host app does, through wechatpy: what it sends and what it takes for an answer is wechatpy's.

Reads what it needs to know as JSON from standard input. Prints a line for each call, and ends with an error at the first
answer that is not what WeCom documents.
"""

import io
import json
import sys

from wechatpy.enterprise import WeChatClient
from wechatpy.exceptions import WeChatClientException

given = json.load(sys.stdin)
BASE = given["url"] + "/cgi-bin/"
OFFICIAL = "https://qyapi.weixin.qq.com/cgi-bin/"


class Client(WeChatClient):
    """wechatpy's client, at the sandbox."""

    API_BASE_URL = BASE

    def fetch_access_token(self):
        params = {"corpid": self.corp_id, "corpsecret": self.secret}
        return self._fetch_access_token(url=BASE + "gettoken", params=params)


def equal(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {found!r} is not {expected!r}")


def refused(errcode, what, call):
    try:
        answer = call()
    except WeChatClientException as error:
        equal(error.errcode, errcode, what)
        print(f"{what}: {errcode}")
    else:
        sys.exit(f"{what}: not refused with {errcode}, but {answer!r}")


def answered(what, call):
    answer = call()
    print(f"{what}: ok")
    return answer


def ids(entries):
    return {entry["userid"] for entry in entries}


client = Client(given["corpId"], given["secret"])
agent, people = given["agentId"], given["people"]
someone = people[0]

# Access tokens.
refused(40013, "gettoken of no corp", lambda: Client("wwnobody", given["secret"]).access_token)
refused(40001, "gettoken with a wrong secret", lambda: Client(given["corpId"], "x" * 43).access_token)
first = answered("gettoken", lambda: client.access_token)
refused(40014, "a call with no token of WeCom's",
        lambda: Client(given["corpId"], "x", access_token="nonsense", auto_retry=False).department.get())

# Departments and people.
departments = answered("department/list", client.department.get)
equal([entry["id"] for entry in departments], [1], "departments")
equal(len(answered("department/list of one", lambda: client.department.get(1))), 1, "the department")
refused(60003, "department/list of none", lambda: client.department.get(7))
simple = answered("department/simplelist", lambda: client.get("department/simplelist"))
equal([entry["id"] for entry in simple["department_id"]], [1], "department ids")
equal(ids(answered("user/simplelist", lambda: client.user.list(1, simple=True))), set(people), "simple list")
equal(ids(answered("user/list", lambda: client.user.list(1, fetch_child=True))), set(people), "list")
refused(60003, "user/list of no department", lambda: client.user.list(7))
names = answered("names of a department", lambda: client.department.get_map_users(1, key="userid"))
equal(set(names), set(people), "map of users")
page, listed, cursor = 0, set(), ""
while page == 0 or cursor:
    answer = client.post("user/list_id", data={"limit": 2, "cursor": cursor})
    listed |= ids(answer["dept_user"])
    page, cursor = page + 1, answer.get("next_cursor", "")
print(f"user/list_id: ok, {page} pages")
equal(listed, set(people), "paged ids")
refused(40058, "user/list_id after nobody", lambda: client.post("user/list_id", data={"cursor": "nobody"}))
equal(answered("user/get", lambda: client.user.get(someone))["userid"], someone, "the person")
refused(60111, "user/get of nobody", lambda: client.user.get("nobody"))

# The app.
equal(answered("agent/get", lambda: client.agent.get(agent))["agentid"], agent, "the app")
refused(40056, "agent/get of no app", lambda: client.agent.get("x"))
equal([entry["agentid"] for entry in answered("agent/list", client.agent.list)], [agent], "apps")

# Files.
png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
uploaded = answered("media/upload", lambda: client.media.upload("image", ("图.png", io.BytesIO(png))))
refused(40005, "media/upload of no kind", lambda: client.media.upload("nonsense", io.BytesIO(png)))
refused(40004, "media/upload of what is no image", lambda: client.media.upload("image", io.BytesIO(b"GIF89a, no")))
refused(44001, "media/upload of nothing", lambda: client.media.upload("file", ("empty", b"")))
media_id = uploaded["media_id"]
url = client.media.get_url(media_id).replace(OFFICIAL, BASE)
file = answered("media/get", lambda: client._http.get(url))
equal(file.content, png, "the file")
equal(file.headers["content-type"], "image/png", "its type")
refused(40007, "media/get of nothing", lambda: client.get("media/get", params={"media_id": "nothing"}))

# Messages.
sent = answered("message/send, text", lambda: client.message.send_text(agent, [someone, "nobody"], "你好 <a href='#'>"))
equal(sent.get("invaliduser"), "nobody", "whom it does not reach")
answered("message/send, image", lambda: client.message.send_image(agent, someone, media_id))
answered("message/send, textcard", lambda: client.message.send_text_card(
    agent, someone, "title", "description", "http://127.0.0.1/"))
answered("message/send, news", lambda: client.message.send_articles(
    agent, someone, [{"title": "t", "description": "d", "url": "http://127.0.0.1/", "image": ""}]))
answered("message/send, markdown", lambda: client.message.send_markdown(agent, someone, "**bold**"))
refused(81013, "message/send to nobody", lambda: client.message.send_text(agent, "nobody", "hello"))
refused(40007, "message/send of no file", lambda: client.message.send_file(agent, someone, "nothing"))
refused(44004, "message/send of nothing", lambda: client.message.send_text(agent, someone, ""))

# The JS-SDK: wechatpy signs, and the sandbox checks in place of WeCom's client.
for ticket, with_agent, name in [
    (answered("get_jsapi_ticket", client.jsapi.get_jsapi_ticket), {}, "config"),
    (answered("ticket/get", client.jsapi.get_agent_jsapi_ticket), {"agentId": agent}, "agentConfig"),
]:
    page = given["page"]
    signature = client.jsapi.get_jsapi_signature("n", ticket, 1700000000, page)
    presented = {"corpId": given["corpId"], "url": page, "timestamp": 1700000000, "nonceStr": "n",
                 "signature": signature, **with_agent}
    said = client._http.post(given["url"] + "/sandbox/jsSignature", data=json.dumps(presented)).json()
    equal(said["errMsg"], f"{name}:ok", "the signature")
refused(40035, "ticket/get of no type", lambda: client.get("ticket/get", params={"type": "other"}))

# Who a code is of.
equal(answered("user/getuserinfo", lambda: client.user.get_info(agent, given["codes"][0]))["UserId"], someone, "a code")
refused(40029, "user/getuserinfo, twice", lambda: client.user.get_info(agent, given["codes"][0]))
by_code = answered("auth/getuserinfo", lambda: client.get("auth/getuserinfo", params={"code": given["codes"][1]}))
equal(by_code["userid"], someone, "another code")
mini = {"js_code": given["jsCode"], "grant_type": "authorization_code"}
session = answered("miniprogram/jscode2session", lambda: client.get("miniprogram/jscode2session", params=mini))
equal(session["userid"], someone, "a mini program's code")
refused(40029, "miniprogram/jscode2session, twice", lambda: client.get("miniprogram/jscode2session", params=mini))

# Encrypted ids.
opened = answered("batch/userid_to_openuserid",
                  lambda: client.post("batch/userid_to_openuserid", data={"userid_list": people + ["nobody"]}))
equal(opened["invalid_userid_list"], ["nobody"], "no person's id")
pairs = {entry["userid"]: entry["open_userid"] for entry in opened["open_userid_list"]}
equal(set(pairs), set(people), "the people")
refused(40058, "batch/userid_to_openuserid of no list", lambda: client.post("batch/userid_to_openuserid", data={}))

# Of the provider.
provider = Client(given["provider"], "x", access_token="unused")
token = answered("service/get_provider_token",
                 lambda: provider.service.get_provider_token(given["providerSecret"]))["provider_access_token"]
refused(40001, "service/get_provider_token, wrong secret", lambda: Client(
    given["provider"], "x", access_token="unused", auto_retry=False).service.get_provider_token("x" * 43))


def of_provider(path, body):
    return provider.post(path, params={"provider_access_token": token, "access_token": ""}, data=body)


back = client.post("batch/openuserid_to_userid", data={
    "open_userid_list": list(pairs.values()) + ["wonobody"], "source_agentid": agent})
print("batch/openuserid_to_userid: ok")
equal({entry["open_userid"]: entry["userid"] for entry in back["userid_list"]},
      {open_id: user_id for user_id, open_id in pairs.items()}, "there and back")
equal(back["invalid_open_userid_list"], ["wonobody"], "no encrypted id")
of_corp = answered("service/corpid_to_opencorpid",
                   lambda: of_provider("service/corpid_to_opencorpid", {"corpid": given["corpId"]}))
equal(of_corp["open_corpid"][:2], "wp", "the encrypted id")
refused(40013, "service/corpid_to_opencorpid of no corp",
        lambda: of_provider("service/corpid_to_opencorpid", {"corpid": "wwnobody"}))
corp = {"corpid": given["corpId"], "suite_id": given["suite"]}
equal(answered("license/get_app_license_info", lambda: of_provider("license/get_app_license_info", corp))
      ["license_status"], 1, "the trial")
refused(40083, "license/get_app_license_info of no suite",
        lambda: of_provider("license/get_app_license_info", {**corp, "suite_id": "dknobody"}))
answered("license/get_active_info_by_user",
         lambda: of_provider("license/get_active_info_by_user", {"corpid": given["corpId"], "userid": someone}))
refused(60111, "license/get_active_info_by_user of nobody",
        lambda: of_provider("license/get_active_info_by_user", {"corpid": given["corpId"], "userid": "nobody"}))

# wechatpy fetches another token when WeCom says that this one is over.
client._http.post(given["url"] + "/sandbox/tokens/expire", data="{}")
equal(answered("a call after the tokens have expired", client.department.get), departments, "the same departments")
if client.access_token == first:
    sys.exit("the token is the one that has expired")
