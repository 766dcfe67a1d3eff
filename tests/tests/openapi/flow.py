"""The README's login, by a client that openapi-python-client made: flow.py URL INSTANCE CORP CODE ADMIN_KEY."""

import sys
from http import HTTPStatus

import httpx

from client import AuthenticatedClient, Client
from client.api.admin import list_corps
from client.api.login import get_login_code, get_login_config, login_by_code
from client.api.session import list_sessions, logout, me
from client.models import LoginByCodeRequest, LoginCodeRequest

url, instance, corp, code, admin_key = sys.argv[1:]
anyone = Client(base_url=f"{url}/auth")

config = get_login_config.sync(instance, client=anyone)
assert config.is_active, config

login_code = get_login_code.sync(instance, client=anyone, body=LoginCodeRequest(corp_id=corp, code=code))
assert login_code.corp_list, login_code

result = login_by_code.sync(client=anyone, body=LoginByCodeRequest(login_code=login_code.login_code, corp_id=corp))
assert result.success and result.token_type == "Bearer", result

again = login_by_code.sync(client=anyone, body=LoginByCodeRequest(login_code=login_code.login_code))
assert again.status == 401 and again.code == "LOGIN_CODE_INVALID", again

person = AuthenticatedClient(base_url=f"{url}/auth", token=result.token)
found = me.sync(client=person)
assert found.user.corp_id == result.corp_id, found
assert [one.current for one in list_sessions.sync(client=person).sessions].count(True) == 1

guarded = httpx.get(f"{url}/api/hello", headers={"Authorization": f"Bearer {result.token}"})
assert guarded.status_code == 200 and guarded.json()["userId"] == result.user_id, guarded.text

operator = AuthenticatedClient(base_url=f"{url}/auth", token=admin_key)
corps = list_corps.sync(client=operator)
assert corp in [one.corp_id for one in corps.corps], corps

assert logout.sync_detailed(client=person).status_code == HTTPStatus.NO_CONTENT
ended = me.sync(client=person)
assert ended.status == 401 and ended.code == "TOKEN_INVALID", ended
