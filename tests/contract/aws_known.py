"""Where moto (5.2) is known not to be as AWS is, by the name of the test that shows it."""

MOTO_KNOWN_WRONG = {
    "test_a_cluster_counts_its_services": "leaves activeServicesCount at 0",
    "test_a_cluster_lists_no_other_ones_services": "matches clusters by the end of their name",
    "test_a_cluster_has_no_other_ones_tasks": "matches clusters by a part of their name",
    "test_the_server_narrows_a_list_of_tasks_to_a_service": "ignores ListTasks' serviceName",
    "test_tasks_have_an_age": "gives tasks no createdAt and no startedAt",
    "test_a_task_has_all_its_containers": "gives a task one container, PENDING for ever",
    "test_a_settled_service_has_a_past": "has no service events",
    "test_a_task_that_was_stopped_has_a_code_and_a_time": "gives no stopCode and no stoppedAt",
    "test_a_scale_starts_tasks": "makes no tasks for a service",
    "test_a_restart_replaces_tasks_and_shows_old_and_new": "makes no tasks for a service, and "
    "renames its one deployment",
    "test_a_rollback_goes_to_the_revision_before": "has no service deployments: HTTP 500",
    "test_a_service_has_a_history_of_deployments": "has no service deployments: HTTP 500",
    "test_a_key_that_nobody_knows_is_to_be_renewed": "words the refusals of JSON services in XML, "
    "so that no client sees their code",
    "test_the_servers_events_come_in_order_of_time": "lists one stream after the other, unless "
    "asked to interleave them, as AWS always does",
    "test_a_stream_that_is_not_there_fails_the_whole_call": "passes over missing streams",
    "test_a_call_takes_a_hundred_streams": "takes any number of streams",
    "test_a_namespace_counts_its_services": "gives namespaces no ServiceCount",
    "test_a_service_counts_its_instances": "gives services no InstanceCount",
    "test_the_server_filters_services_by_their_namespace": "ignores ListServices' Filters",
    "test_a_malformed_query_is_pointed_at": "passes over commands of a query that it has not",
    "test_a_task_s_narrowed_question_has_only_its_own_lines": "passes over a query's filter",
}
"""By the test's name: what moto does. Each such test is to fail on moto, and to pass elsewhere."""
