"""What a run on a cluster does where Snakemake runs, and before it submits the first job. No rules.

Everything else is a cluster job: what needs a GPU, and what reads data of any size.
"""

from mirrortest import orphans


# They need the network, which the nodes of many clusters lack.
localrules:
    fetch,
    fetch_published,
    base,
    adopt,
    preflight,
    finetune_hosted,


# They take seconds, less than the start of a cluster job.
localrules:
    wording,
    author_summaries,
    dataset,
    scores,
    summary,
    contrasts,
    decomposition,
    flags,
    persona,
    plot_recognition,
    plot_misalignment,
    plot_recognition_misalignment,
    plot_family,
    plot_contrasts,
    plot_decomposition,
    plot_persona,
    plot_identity,
    plot_probes,
    plot_training,
    report,


onstart:
    if not workflow.local_exec:
        unrecorded = [
            job.output[0]
            for job in workflow.dag.jobs
            if not workflow.dag.needrun(job) and workflow.dag.reason(job).no_metadata
        ]
        try:
            orphans.refuse_running(Path(workflow.workdir_init))
            orphans.refuse_unrecorded(sorted(unrecorded))
        except UserError as error:
            raise WorkflowError(str(error)) from None
