"""The EM room: starts, runs, the point estimate `EMFit`, criteria, and standard errors from the information.

starts        partitions to begin from          iteration     the two steps and their repetition
collapse      when a component has collapsed    workplace     runs on the same data, and the choice among them
result        the values                        fit           from rows to a point estimate
procedure     scikit-learn's procedure          criteria      BIC, AIC, ICL
information   standard errors               path          every iteration of a run
"""

from bayesgmm.em.criteria import icl
from bayesgmm.em.fit import fit_em, project, run_em
from bayesgmm.em.information import standard_errors
from bayesgmm.em.result import EMFit, EMSettings, EMStatus, Starts

__all__ = ["EMFit", "EMSettings", "EMStatus", "Starts", "fit_em", "icl", "project", "run_em", "standard_errors"]
