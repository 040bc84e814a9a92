"""How is what happened to a request told to the person who edits the policies?"""

from cors_policies.core.explanations.course import CREDENTIALS_NOT_ALLOWED, Course
from cors_policies.core.explanations.events import explain

__all__ = ["CREDENTIALS_NOT_ALLOWED", "Course", "explain"]
