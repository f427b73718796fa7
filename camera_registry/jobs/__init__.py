"""Work that an api asks for and a worker does: one small mechanism for probes, sweeps and the like.

See ``README.md`` of ``camera_registry`` for the path of a job.
"""

from camera_registry.jobs.desk import JobDesk
from camera_registry.jobs.model import Job, JobState, Order, Submission
from camera_registry.jobs.runner import JobHandler, JobRunner, Task

__all__ = [
    "Job",
    "JobDesk",
    "JobHandler",
    "JobRunner",
    "JobState",
    "Order",
    "Submission",
    "Task",
]
