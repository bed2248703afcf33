"""Learning-rate schedules. Importing this package registers all of them."""

from gdrun.methods.schedules import decays as decays  # noqa: I001 (from plain to composed)
from gdrun.methods.schedules import cycles as cycles
from gdrun.methods.schedules import plateau as plateau
from gdrun.methods.schedules import join as join
from gdrun.methods.schedules.form import COMMON_OPTIONS as COMMON_OPTIONS
from gdrun.methods.schedules.form import SCHEDULES as SCHEDULES
from gdrun.methods.schedules.form import Schedule as Schedule
from gdrun.methods.schedules.form import WarmupStart as WarmupStart
from gdrun.methods.schedules.form import betas as betas
from gdrun.methods.schedules.form import needs_length as needs_length
from gdrun.methods.schedules.form import ramp as ramp
from gdrun.methods.schedules.form import rates as rates
from gdrun.methods.schedules.form import schedule as schedule
from gdrun.methods.schedules.plateau import Memory as Memory
