"""TEMPORARY stand-in."""
import numpy as np
from onearm.reconstruction.solutions import *
def solve_cohort(cohort, *, seed=1):
    rng=np.random.default_rng(seed); n=cohort.n
    bor=np.array([r for r,c in cohort.responses.items() for _ in range(c)])
    pfs=np.zeros(n,int); os_=np.zeros(n,int); ev=np.zeros(n,bool); dead=np.zeros(n,bool); isd=np.zeros(n,bool); ttr=-np.ones(n,int)
    for i in range(n):
        os_[i]=rng.integers(150,700); dead[i]=rng.random()<.5
        if bor[i] in("CR","PR"):
            ttr[i]=rng.choice([43,45,86]); pfs[i]=rng.integers(ttr[i]+40,os_[i]); ev[i]=rng.random()<.5
        elif bor[i]=="SD": pfs[i]=rng.integers(60,os_[i]); ev[i]=rng.random()<.5
        elif bor[i]=="PD": pfs[i]=43; ev[i]=True
        else:
            pfs[i]=1
        if dead[i] and not ev[i] and bor[i]=="NE": os_[i]=pfs[i]=30; ev[i]=isd[i]=True
    labels={"BOR":bor,"RESPONDER":np.where(np.isin(bor,["CR","PR"]),"Y","N")}
    for m in cohort.margins:
        v=[l for l,c in m.counts.items() for _ in range(c)]; v+= [m.rest]*(n-len(v)); labels[m.variable]=rng.permutation(v)
    values={m.variable:np.round(rng.uniform(m.lowest,m.highest,n),m.decimals) for m in cohort.measures}
    return CohortSolution(n,{"PFS":pfs,"OS":os_,"TTR":ttr,"DOR":np.where(ttr>0,pfs-ttr,-1)},{"PFS":ev,"OS":dead},isd,labels,values)
def solve_adverse_events(t, *, seed=1):
    rng=np.random.default_rng(seed); e=[]
    for row in t.terms:
        for k,i in enumerate(rng.permutation(t.n)[:row.any_grade or 0]):
            e.append(AdverseEvent(int(i),row.term,3 if k<(row.grade_3 or 0) else 1))
    return AdverseEventSolution(tuple(e),())
