"""What the queues are called. A queue and its one actor share their name."""

from __future__ import annotations

from bot.core.run import StageName

DELIVERY, NOTICE = "delivery", "notice"
STAGE_QUEUES = tuple(stage.value for stage in StageName)
QUEUES = (*STAGE_QUEUES, DELIVERY, NOTICE)
