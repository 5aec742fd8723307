"""Works on switches as netmiko's documentation says, all at once.

Standard input is a JSON list of switches, with netmiko's arguments under
"connect" and the lines to configure under "lines"; standard output is what was
seen of each.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from netmiko import ConnectHandler


def work(switch):
    seen = {}
    with ConnectHandler(**switch["connect"]) as session:
        session.enable()
        seen["prompt"] = session.find_prompt()
        seen["privileged"] = session.check_enable_mode()
        seen["version"] = session.send_command("show version")
        seen["answers"] = [session.send_config_set(switch["lines"]) for _ in range(2)]
        seen["configuring"] = session.check_config_mode()
        seen["saved"] = session.save_config()
        seen["running"] = session.send_command("show running-config")
        seen["vlans"] = session.send_command("show vlan brief")
        seen["rejected"] = session.send_command("show nonsense")
    return seen


def attempt(switch):
    try:
        return work(switch)
    except Exception as error:  # whatever it is, it is the report
        return {"error": "%s: %s" % (type(error).__name__, error)}


switches = json.load(sys.stdin)
with ThreadPoolExecutor(len(switches)) as pool:
    json.dump(list(pool.map(attempt, switches)), sys.stdout)
